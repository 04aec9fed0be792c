"""Makes hotel.sqlite, logistics.sqlite and saas.sqlite. Same seed, same rows."""

import os, random, sqlite3
from datetime import date, datetime, timedelta

HERE = os.path.dirname(os.path.abspath(__file__))
START, TODAY = date(2021, 1, 15), date(2024, 1, 15)
DAYS = (TODAY - START).days


def day(rng, lo=START, hi=TODAY):
    return lo + timedelta(days=rng.randint(0, max(0, (hi - lo).days)))


def open_db(name, ddl):
    path = os.path.join(HERE, name + ".sqlite")
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    db.executescript(ddl)
    return db


def put(db, table, rows):
    rows = [
        tuple(
            v.isoformat(" ")
            if isinstance(v, datetime)
            else v.isoformat()
            if isinstance(v, date)
            else v
            for v in r
        )
        for r in rows
    ]
    db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)


FIRST = "Emma Liam Olivia Noah Ava Lucas Mia Hugo Chloe Felix Laura Marco Giulia Pierre Camille Hans Greta Kenji Yuki Haruto Sakura Wei Fang Lei Jing Min Arjun Priya Carlos Lucia Diego Sofia Ingrid Olaf James Grace Henry Alice Tom Ruth".split()
LAST = "Smith Johnson Brown Taylor Wilson Martin Dubois Moreau Rossi Bianchi Ferrari Müller Schmidt Weber Fischer Tanaka Sato Suzuki Wang Li Zhang Chen Liu Patel Sharma Garcia Lopez Hansen Larsen Clark Walker Young King Baker Hill".split()


# ---------------------------------------------------------------- hotel
HOTEL = """
CREATE TABLE hotels (
  hotel_id INTEGER PRIMARY KEY,
  hotel_name TEXT NOT NULL,
  city TEXT NOT NULL,
  country TEXT NOT NULL,
  star_rating INTEGER NOT NULL,
  opening_date DATE NOT NULL
);
CREATE TABLE room_types (
  room_type_id INTEGER PRIMARY KEY,
  type_name TEXT NOT NULL,
  base_price DECIMAL(10,2) NOT NULL,
  max_occupancy INTEGER NOT NULL
);
CREATE TABLE rooms (
  room_id INTEGER PRIMARY KEY,
  hotel_id INTEGER NOT NULL REFERENCES hotels(hotel_id),
  room_type_id INTEGER NOT NULL REFERENCES room_types(room_type_id),
  room_number TEXT NOT NULL,
  floor INTEGER NOT NULL,
  has_balcony BOOLEAN NOT NULL
);
CREATE TABLE guests (
  guest_id INTEGER PRIMARY KEY,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  email TEXT,
  phone TEXT,
  nationality TEXT NOT NULL,
  birth_date DATE,
  loyalty_level TEXT,
  registration_date DATE NOT NULL
);
CREATE TABLE bookings (
  booking_id INTEGER PRIMARY KEY,
  guest_id INTEGER NOT NULL REFERENCES guests(guest_id),
  room_id INTEGER NOT NULL REFERENCES rooms(room_id),
  booking_date DATE NOT NULL,
  check_in_date DATE NOT NULL,
  check_out_date DATE NOT NULL,
  number_of_guests INTEGER NOT NULL,
  booking_channel TEXT NOT NULL,
  status TEXT NOT NULL,
  total_amount DECIMAL(10,2) NOT NULL
);
CREATE TABLE payments (
  payment_id INTEGER PRIMARY KEY,
  booking_id INTEGER NOT NULL REFERENCES bookings(booking_id),
  payment_date DATE NOT NULL,
  amount DECIMAL(10,2) NOT NULL,
  payment_method TEXT NOT NULL
);
CREATE TABLE reviews (
  review_id INTEGER PRIMARY KEY,
  booking_id INTEGER NOT NULL REFERENCES bookings(booking_id),
  rating INTEGER NOT NULL,
  review_text TEXT,
  review_date DATE NOT NULL
);
CREATE TABLE staff (
  staff_id INTEGER PRIMARY KEY,
  hotel_id INTEGER NOT NULL REFERENCES hotels(hotel_id),
  full_name TEXT NOT NULL,
  position TEXT NOT NULL,
  department TEXT NOT NULL,
  hire_date DATE NOT NULL,
  monthly_salary DECIMAL(10,2) NOT NULL,
  manager_id INTEGER REFERENCES staff(staff_id)
);
"""


def hotel():
    rng = random.Random(11)
    db = open_db("hotel", HOTEL)
    hotels = [
        (1, "Harbour View", "Shanghai", "China", 5, "2009-05-01"),
        (2, "Bund Garden", "Shanghai", "China", 4, "2013-09-15"),
        (3, "Jade Palace", "Beijing", "China", 5, "2006-03-20"),
        (4, "Canal House", "Amsterdam", "Netherlands", 4, "2015-06-10"),
        (5, "Alpine Lodge", "Zurich", "Switzerland", 3, "2011-12-01"),
        (6, "Lakeside Inn", "Zurich", "Switzerland", 4, "2018-04-05"),
        (7, "Grand Central", "Berlin", "Germany", 5, "2003-10-10"),
        (8, "Spree Loft", "Berlin", "Germany", 3, "2019-08-22"),
        (9, "Isar Court", "Munich", "Germany", 4, "2016-02-14"),
        (10, "Sakura Terrace", "Tokyo", "Japan", 4, "2014-04-01"),
        (11, "Azure Bay", "Lisbon", "Portugal", 4, "2023-11-20"),
    ]
    put(db, "hotels", hotels)
    types = [
        (1, "Standard", 90, 2),
        (2, "Deluxe", 145, 2),
        (3, "Family", 180, 5),
        (4, "Suite", 290, 4),
        (5, "Penthouse", 620, 6),
        (6, "Economy", 65, 1),
    ]
    put(db, "room_types", types)
    rooms = []
    for h in range(1, 12):
        for n in range(26 if h == 7 else rng.randint(10, 24)):
            t = rng.choices([1, 2, 3, 4, 5], [40, 28, 14, 14, 4])[0]
            f = n // 5 + 1
            rooms.append(
                (
                    len(rooms) + 1,
                    h,
                    t,
                    f"{f}{n % 5 + 1:02d}",
                    f,
                    int(rng.random() < (0.15 if t == 1 else 0.5)),
                )
            )
    put(db, "rooms", rooms)
    nats = ["German", "Chinese", "Japanese", "French", "British", "American", "Dutch", "Italian"]
    guests = []
    for i in range(1, 321):
        fn, ln = rng.choice(FIRST), rng.choice(LAST)
        guests.append(
            (
                i,
                fn,
                ln,
                None
                if rng.random() < 0.08
                else f"{fn}.{ln}{i}@example.com".lower().replace("ü", "ue"),
                None
                if rng.random() < 0.22
                else f"+{rng.randint(31, 86)} {rng.randint(10**8, 10**9)}",
                rng.choices(nats, [22, 20, 8, 10, 12, 14, 7, 7])[0],
                None if rng.random() < 0.05 else day(rng, date(1945, 1, 1), date(2003, 12, 31)),
                rng.choices([None, "Silver", "Gold", "Platinum"], [50, 27, 16, 7])[0],
                day(rng),
            )
        )
    put(db, "guests", guests)
    bookable = [r for r in rooms if r[1] != 11]
    weights = [
        {1: 1.9, 2: 1, 3: 1.5, 4: 1.1, 5: 0.6, 6: 0.8, 7: 1.3, 8: 0.7, 9: 0.9, 10: 1.2}[r[1]]
        for r in bookable
    ]
    active = guests[:288]
    gw = [rng.random() ** 2 + 0.05 for _ in active]
    bookings, payments, reviews = [], [], []
    for i in range(1, 2201):
        r = rng.choices(bookable, weights)[0]
        g = rng.choices(active, gw)[0]
        booked = START + timedelta(days=int(DAYS * rng.random() ** 0.8))
        if i == 2200:
            booked = TODAY
        cin = booked + timedelta(days=rng.choice([0, 1, 2, 3, 5, 7, 10, 14, 21, 30, 36]))
        nights = rng.choices([1, 2, 3, 4, 5, 7, 10, 14], [22, 26, 18, 12, 9, 8, 3, 2])[0]
        cout = cin + timedelta(days=nights)
        t = types[r[2] - 1]
        st = rng.choices(["checked_out", "cancelled", "no_show"], [82, 14, 4])[0]
        if cout > TODAY:
            st = rng.choices(["confirmed", "cancelled"], [85, 15])[0]
        total = round(t[2] * nights * hotels[r[1] - 1][4] / 4 * rng.uniform(0.8, 1.3), 2)
        bookings.append(
            (
                i,
                g[0],
                r[0],
                booked,
                cin,
                cout,
                rng.randint(1, t[3]),
                rng.choices(["Website", "Mobile App", "Travel Agency", "Phone"], [42, 26, 21, 11])[
                    0
                ],
                st,
                total,
            )
        )
        if st == "checked_out" or (st == "confirmed" and rng.random() < 0.4):
            m = lambda: rng.choices(
                ["Credit Card", "Bank Transfer", "Alipay", "Cash"], [55, 15, 20, 10]
            )[0]
            if rng.random() < 0.2:
                dep = round(total * 0.3, 2)
                payments.append((len(payments) + 1, i, booked, dep, m()))
                if st == "checked_out":
                    payments.append((len(payments) + 1, i, cout, round(total - dep, 2), m()))
            else:
                payments.append(
                    (len(payments) + 1, i, booked if st == "confirmed" else cout, total, m())
                )
        if st == "checked_out" and r[1] != 8 and rng.random() < 0.38:
            reviews.append(
                (
                    len(reviews) + 1,
                    i,
                    rng.choices([1, 2, 3, 4, 5], [4, 8, 18, 38, 32])[0],
                    rng.choice(
                        [
                            None,
                            "Friendly staff",
                            "Great breakfast",
                            "Noisy at night",
                            "Clean room",
                            "Slow check-in",
                        ]
                    ),
                    min(TODAY, cout + timedelta(days=rng.randint(0, 12))),
                )
            )
    put(db, "bookings", bookings)
    put(db, "payments", payments)
    put(db, "reviews", reviews)
    jobs = [
        ("Receptionist", "Front Office", 2400),
        ("Concierge", "Front Office", 2600),
        ("Housekeeper", "Housekeeping", 2000),
        ("Chef", "Kitchen", 3400),
        ("Waiter", "Restaurant", 2100),
        ("Technician", "Maintenance", 2700),
    ]
    staff = []
    names = set()

    def name():
        while True:
            n = f"{rng.choice(FIRST)} {rng.choice(LAST)}"
            if n not in names:
                names.add(n)
                return n

    for h in range(1, 12):
        boss = len(staff) + 1
        staff.append(
            (
                boss,
                h,
                name(),
                "General Manager",
                "Management",
                day(rng),
                round(5200 + hotels[h - 1][4] * rng.uniform(100, 500), 2),
                None,
            )
        )
        for _ in range(rng.randint(8, 16)):
            j = rng.choice(jobs)
            staff.append(
                (
                    len(staff) + 1,
                    h,
                    name(),
                    j[0],
                    j[1],
                    day(rng),
                    round(j[2] * rng.uniform(0.85, 1.35), 2),
                    boss,
                )
            )
    put(db, "staff", staff)
    db.commit()


# ---------------------------------------------------------------- logistics
LOGISTICS = """
CREATE TABLE cust (
  cust_id INTEGER PRIMARY KEY,
  cust_nm VARCHAR(60) NOT NULL,
  cust_typ VARCHAR(20) NOT NULL,
  city VARCHAR(30) NOT NULL,
  reg_dt DATE NOT NULL,
  cr_lmt NUMERIC(12,2),
  email VARCHAR(60)
);
CREATE TABLE whs (
  whs_id INTEGER PRIMARY KEY,
  whs_nm VARCHAR(40) NOT NULL,
  city VARCHAR(30) NOT NULL,
  cap_m3 INTEGER NOT NULL,
  open_dt DATE NOT NULL
);
CREATE TABLE emp (
  emp_id INTEGER PRIMARY KEY,
  emp_nm VARCHAR(40) NOT NULL,
  job_ttl VARCHAR(30) NOT NULL,
  whs_id INTEGER NOT NULL REFERENCES whs(whs_id),
  hire_dt DATE NOT NULL,
  sal NUMERIC(10,2) NOT NULL,
  mgr_id INTEGER REFERENCES emp(emp_id)
);
CREATE TABLE veh (
  veh_id INTEGER PRIMARY KEY,
  plate_no VARCHAR(12) NOT NULL,
  veh_typ VARCHAR(20) NOT NULL,
  ld_cap_kg INTEGER NOT NULL,
  purch_dt DATE NOT NULL,
  whs_id INTEGER NOT NULL REFERENCES whs(whs_id)
);
CREATE TABLE prod (
  prod_id INTEGER PRIMARY KEY,
  prod_nm VARCHAR(40) NOT NULL,
  cat VARCHAR(20) NOT NULL,
  wt_kg NUMERIC(8,2) NOT NULL,
  list_prc NUMERIC(10,2) NOT NULL
);
CREATE TABLE ord_hdr (
  ord_id INTEGER PRIMARY KEY,
  cust_id INTEGER NOT NULL REFERENCES cust(cust_id),
  whs_id INTEGER NOT NULL REFERENCES whs(whs_id),
  ord_dt DATE NOT NULL,
  ord_sts VARCHAR(12) NOT NULL,
  prio VARCHAR(8) NOT NULL,
  tot_amt NUMERIC(12,2) NOT NULL,
  frt_amt NUMERIC(10,2) NOT NULL
);
CREATE TABLE ord_dtl (
  ord_id INTEGER NOT NULL REFERENCES ord_hdr(ord_id),
  line_no INTEGER NOT NULL,
  prod_id INTEGER NOT NULL REFERENCES prod(prod_id),
  qty INTEGER NOT NULL,
  unit_prc NUMERIC(10,2) NOT NULL,
  amt NUMERIC(12,2) NOT NULL,
  PRIMARY KEY (ord_id, line_no)
);
CREATE TABLE shpmt (
  shpmt_id INTEGER PRIMARY KEY,
  ord_id INTEGER NOT NULL REFERENCES ord_hdr(ord_id),
  veh_id INTEGER NOT NULL REFERENCES veh(veh_id),
  drv_emp_id INTEGER NOT NULL REFERENCES emp(emp_id),
  shp_dt DATE NOT NULL,
  dlv_dt DATE,
  dist_km NUMERIC(8,1) NOT NULL
);
CREATE TABLE clm (
  clm_id INTEGER PRIMARY KEY,
  shpmt_id INTEGER NOT NULL REFERENCES shpmt(shpmt_id),
  clm_dt DATE NOT NULL,
  clm_typ VARCHAR(12) NOT NULL,
  clm_amt NUMERIC(10,2) NOT NULL,
  rslv_dt DATE
);
"""


def logistics():
    rng = random.Random(22)
    db = open_db("logistics", LOGISTICS)
    cities = [
        "Shanghai",
        "Beijing",
        "Shenzhen",
        "Guangzhou",
        "Chengdu",
        "Wuhan",
        "Hangzhou",
        "Nanjing",
    ]
    a = "Golden Pacific Evergreen Star Lucky Northern Summit Bright Silk Red Blue Dragon Lotus Pearl River Union Global Delta Orient Prime".split()
    b = "Trading Foods Electronics Textiles Retail Pharma Home Sports Stationery Auto".split()
    seen, cust = set(), []
    while len(cust) < 130:
        n = f"{rng.choice(a)} {rng.choice(b)}"
        if n in seen:
            continue
        seen.add(n)
        t = rng.choices(["Enterprise", "SMB", "Individual"], [25, 50, 25])[0]
        cust.append(
            (
                len(cust) + 1,
                n,
                t,
                rng.choices(cities, [24, 18, 16, 12, 10, 8, 7, 5])[0],
                day(rng),
                None
                if t == "Individual" and rng.random() < 0.6
                else rng.choice([5, 10, 20, 30, 50, 80, 100]) * 1000,
                None if rng.random() < 0.15 else n.lower().replace(" ", ".") + "@example.cn",
            )
        )
    put(db, "cust", cust)
    whs = [
        (1, "Pudong DC", "Shanghai", 42000, "2012-04-01"),
        (2, "Jiading Depot", "Shanghai", 18500, "2017-09-01"),
        (3, "Daxing Hub", "Beijing", 36000, "2014-06-15"),
        (4, "Baoan Center", "Shenzhen", 28000, "2015-11-11"),
        (5, "Baiyun Depot", "Guangzhou", 21000, "2018-03-08"),
        (6, "Shuangliu Hub", "Chengdu", 25500, "2019-05-20"),
        (7, "Hankou Depot", "Wuhan", 12500, "2021-10-01"),
        (8, "Xiasha Depot", "Hangzhou", 9800, "2023-12-01"),
    ]
    put(db, "whs", whs)
    emp, names = [], set()

    def name():
        while True:
            n = f"{rng.choice('Wang Li Zhang Liu Chen Yang Zhao Huang Zhou Wu Xu Sun Hu Zhu Gao Lin He Guo Ma Luo'.split())} {rng.choice('Wei Fang Na Min Jing Lei Qiang Jun Yong Jie Tao Ming Chao Xia Ping Gang Yan Bo Hui Ling'.split())}"
            if n not in names:
                names.add(n)
                return n

    for w in range(1, 9):
        boss = len(emp) + 1
        emp.append(
            (boss, name(), "Manager", w, day(rng), round(rng.uniform(15000, 24000), 0), None)
        )
        for _ in range(rng.randint(9, 17)):
            j, s = rng.choice(
                [
                    ("Driver", 8200),
                    ("Driver", 8200),
                    ("Picker", 5600),
                    ("Dispatcher", 7400),
                    ("Clerk", 6100),
                    ("Forklift Operator", 6800),
                ]
            )
            emp.append(
                (len(emp) + 1, name(), j, w, day(rng), round(s * rng.uniform(0.82, 1.4), 0), boss)
            )
    put(db, "emp", emp)
    veh = []
    for i in range(1, 49):
        t, c = rng.choice(
            [
                ("Van", 1500),
                ("Van", 1200),
                ("Truck", 8000),
                ("Truck", 12000),
                ("Trailer", 28000),
                ("Trailer", 32000),
                ("Reefer", 9000),
            ]
        )
        veh.append(
            (
                i,
                f"{rng.choice('ABC')}{rng.choice('DEFGH')}-{rng.randint(10000, 99999)}",
                t,
                c,
                day(rng),
                rng.randint(1, 7),
            )
        )
    put(db, "veh", veh)
    items = {
        "Electronics": [
            "Laptop 14",
            "Tablet 10",
            "Phone X",
            "Headset Pro",
            "Monitor 27",
            "Router AX",
        ],
        "Furniture": ["Office Chair", "Standing Desk", "Bookshelf", "Sofa Set"],
        "Food": ["Green Tea Box", "Rice 10kg", "Noodle Case", "Olive Oil 5L", "Snack Mix"],
        "Apparel": ["Winter Jacket", "Running Shoes", "Cotton Shirt", "Denim Jeans"],
        "Medical": ["Face Mask Case", "Thermometer", "First Aid Kit", "Glove Pack"],
        "Toys": ["Building Blocks", "Puzzle 1000", "Toy Train"],
    }
    base = {
        "Electronics": 1800,
        "Furniture": 900,
        "Food": 70,
        "Apparel": 240,
        "Medical": 130,
        "Toys": 110,
    }
    prod = []
    for c, ns in items.items():
        for n in ns:
            prod.append(
                (
                    len(prod) + 1,
                    n,
                    c,
                    round(rng.uniform(0.3, 30 if c == "Furniture" else 9), 2),
                    round(base[c] * rng.uniform(0.5, 2.2), 2),
                )
            )
    prod.append((len(prod) + 1, "Garden Hose", "Garden", 3.4, 88.0))
    prod.append((len(prod) + 1, "Solar Lamp", "Garden", 1.1, 132.5))
    put(db, "prod", prod)
    sellable, pw = prod[:-2], [rng.uniform(0.4, 2.2) for _ in prod[:-2]]
    cw = [rng.random() ** 2 + 0.03 for _ in cust[:116]]
    drivers = [e for e in emp if e[2] == "Driver" and e[3] != 8]
    hdr, dtl, shp, clm = [], [], [], []
    for i in range(1, 1501):
        c = rng.choices(cust[:116], cw)[0]
        d = START + timedelta(days=int(DAYS * rng.random() ** 0.75)) if i < 1500 else TODAY
        w = rng.choices(range(1, 8), [28, 10, 20, 16, 11, 9, 6])[0]
        tot = 0
        for l, p in enumerate(
            rng.sample(sellable, rng.choices([1, 2, 3, 4, 5], [30, 28, 22, 13, 7])[0]), 1
        ):
            q, pr = (
                rng.choice([1, 2, 3, 5, 8, 10, 12, 20, 30]),
                round(p[4] * rng.uniform(0.85, 1.05), 2),
            )
            dtl.append((i, l, p[0], q, pr, round(q * pr, 2)))
            tot += q * pr
        if (TODAY - d).days < 9:
            st = rng.choice(["Pending", "Shipped", "Cancelled", "Pending"])
        else:
            st = rng.choices(["Delivered", "Cancelled", "Returned"], [86, 9, 5])[0]
        hdr.append(
            (
                i,
                c[0],
                w,
                d,
                st,
                rng.choices(["High", "Normal", "Low"], [20, 62, 18])[0],
                round(tot, 2),
                round(rng.uniform(20, 900), 2),
            )
        )
        if st in ("Delivered", "Returned", "Shipped"):
            sd = min(TODAY, d + timedelta(days=rng.randint(0, 3)))
            dd = None if st == "Shipped" else min(TODAY, sd + timedelta(days=rng.randint(1, 5)))
            shp.append(
                (
                    len(shp) + 1,
                    i,
                    rng.choice(veh[:44])[0],
                    rng.choice(drivers)[0],
                    sd,
                    dd,
                    round(rng.uniform(12, 1900), 1),
                )
            )
            if dd and rng.random() < (0.5 if st == "Returned" else 0.08):
                cd = min(TODAY, dd + timedelta(days=rng.randint(0, 9)))
                clm.append(
                    (
                        len(clm) + 1,
                        len(shp),
                        cd,
                        rng.choices(["Damage", "Loss", "Delay"], [48, 17, 35])[0],
                        round(rng.uniform(50, 4800), 2),
                        None
                        if rng.random() < 0.2
                        else min(TODAY, cd + timedelta(days=rng.randint(2, 40))),
                    )
                )
    put(db, "ord_hdr", hdr)
    put(db, "ord_dtl", dtl)
    put(db, "shpmt", shp)
    put(db, "clm", clm)
    db.commit()


# ---------------------------------------------------------------- saas
SAAS = """
CREATE TABLE sales_reps ( -- Sales representatives | 销售人员、客户经理
  rep_id INTEGER PRIMARY KEY, -- Representative ID | 销售编号
  rep_name TEXT NOT NULL, -- Name of the representative | 销售姓名
  team TEXT NOT NULL, -- Sales team | 销售团队
  hired_on DATE NOT NULL -- Hire date | 入职日期
);
CREATE TABLE accounts ( -- Customer accounts | 客户、客户账户
  account_id INTEGER PRIMARY KEY, -- Account ID | 客户编号
  company_name TEXT NOT NULL, -- Company name | 公司名称
  industry TEXT NOT NULL, -- Industry | 行业
  region TEXT NOT NULL, -- Sales region | 大区、地区
  employee_count INTEGER NOT NULL, -- Number of employees | 员工人数
  signup_date DATE NOT NULL, -- Sign-up date | 注册日期
  referral_source TEXT, -- Referral source, how they found us | 来源渠道
  rep_id INTEGER REFERENCES sales_reps(rep_id) -- Responsible sales representative | 负责的销售
);
CREATE TABLE plans ( -- Price plans | 套餐、价格方案
  plan_id INTEGER PRIMARY KEY, -- Plan ID | 套餐编号
  plan_name TEXT NOT NULL, -- Plan name | 套餐名称
  monthly_price REAL NOT NULL, -- Monthly price per seat in USD | 每席位月费（美元）
  storage_gb INTEGER NOT NULL, -- Included storage in GB | 存储空间（GB）
  has_sso INTEGER NOT NULL -- Whether single sign-on is included (1 yes, 0 no) | 是否支持单点登录（1 是，0 否）
);
CREATE TABLE subscriptions ( -- Subscriptions | 订阅
  sub_id INTEGER PRIMARY KEY, -- Subscription ID | 订阅编号
  account_id INTEGER NOT NULL REFERENCES accounts(account_id), -- Account | 客户
  plan_id INTEGER NOT NULL REFERENCES plans(plan_id), -- Plan | 套餐
  start_date DATE NOT NULL, -- Start date | 开始日期
  end_date DATE, -- End date, empty while it runs | 结束日期，未结束为空
  billing_cycle TEXT NOT NULL, -- Billing cycle: monthly, annual | 计费周期：monthly 月付、annual 年付
  seats INTEGER NOT NULL, -- Number of seats | 席位数
  sub_status TEXT NOT NULL, -- Subscription status: active, trial, past_due, cancelled | 订阅状态：active 有效、trial 试用、past_due 逾期、cancelled 已取消
  cancel_reason TEXT -- Reason for cancelling | 取消原因
);
CREATE TABLE invoices ( -- Invoices | 账单、发票
  invoice_id INTEGER PRIMARY KEY, -- Invoice ID | 账单编号
  sub_id INTEGER NOT NULL REFERENCES subscriptions(sub_id), -- Subscription | 订阅
  invoice_date DATE NOT NULL, -- Invoice date | 开票日期、账单日期
  due_date DATE NOT NULL, -- Due date | 到期日
  amount REAL NOT NULL, -- Invoice amount in USD | 账单金额（美元）
  inv_status TEXT NOT NULL, -- Invoice status: paid, open, void | 账单状态：paid 已付、open 未付、void 作废
  paid_date DATE -- Payment date | 付款日期
);
CREATE TABLE app_users ( -- Users of the product | 用户
  user_id INTEGER PRIMARY KEY, -- User ID | 用户编号
  account_id INTEGER NOT NULL REFERENCES accounts(account_id), -- Account | 所属客户
  user_email TEXT NOT NULL, -- E-mail address | 邮箱
  user_role TEXT NOT NULL, -- Role: admin, editor, viewer | 角色：admin 管理员、editor 编辑、viewer 访客
  created_on DATE NOT NULL, -- Created on | 创建日期
  last_login TIMESTAMP -- Last login time, empty if never logged in | 最近登录时间，从未登录为空
);
CREATE TABLE usage_events ( -- Product usage events | 使用事件
  event_id INTEGER PRIMARY KEY, -- Event ID | 事件编号
  user_id INTEGER NOT NULL REFERENCES app_users(user_id), -- User | 用户
  event_type TEXT NOT NULL, -- Event type: report_view, export, api_call, invite | 事件类型：report_view 查看报表、export 导出、api_call 接口调用、invite 邀请
  event_time TIMESTAMP NOT NULL, -- Event time | 事件时间
  duration_sec INTEGER -- Duration in seconds | 时长（秒）
);
CREATE TABLE tickets ( -- Support tickets | 工单
  ticket_id INTEGER PRIMARY KEY, -- Ticket ID | 工单编号
  account_id INTEGER NOT NULL REFERENCES accounts(account_id), -- Account | 客户
  topic TEXT NOT NULL, -- Topic | 主题、问题类别
  priority TEXT NOT NULL, -- Priority: low, medium, high, urgent | 优先级：low 低、medium 中、high 高、urgent 紧急
  opened_at TIMESTAMP NOT NULL, -- Opened at | 创建时间、提交时间
  closed_at TIMESTAMP, -- Closed at, empty while open | 关闭时间，未关闭为空
  satisfaction INTEGER -- Satisfaction score from 1 to 5 | 满意度评分（1 到 5）
);
"""


def saas():
    rng = random.Random(33)
    db = open_db("saas", SAAS)
    reps = [
        (i + 1, n, t, day(rng, date(2018, 1, 1), date(2023, 6, 30)))
        for i, (n, t) in enumerate(
            [
                ("Anna Berg", "Enterprise"),
                ("David Cole", "Enterprise"),
                ("Li Na", "Mid-Market"),
                ("Zhao Lei", "Mid-Market"),
                ("Maria Silva", "SMB"),
                ("Tom Becker", "SMB"),
                ("Chen Yu", "SMB"),
                ("Paula Reed", "Partner"),
            ]
        )
    ]
    put(db, "sales_reps", reps)
    a = "Nova Apex Quantum Cedar Lumen Orbit Vertex Harbor Atlas Pixel Maple Onyx Zenith Falcon Coral Ember Cobalt Willow Summit Aurora".split()
    b = "Labs Retail Health Bank Logistics School Media Foods Motors Studio".split()
    ind = {
        "Labs": "Software",
        "Retail": "Retail",
        "Health": "Healthcare",
        "Bank": "Finance",
        "Logistics": "Logistics",
        "School": "Education",
        "Media": "Media",
        "Foods": "Retail",
        "Motors": "Manufacturing",
        "Studio": "Media",
    }
    acc, seen = [], set()
    while len(acc) < 160:
        n = (rng.choice(a), rng.choice(b))
        if n in seen:
            continue
        seen.add(n)
        acc.append(
            (
                len(acc) + 1,
                " ".join(n),
                ind[n[1]],
                rng.choices(["华东", "华北", "华南", "西南", "海外"], [32, 24, 20, 10, 14])[0],
                int(rng.lognormvariate(4.5, 1.1)) + 3,
                day(rng),
                rng.choices(
                    [None, "Search", "Partner", "Event", "Word of mouth"], [18, 32, 16, 14, 20]
                )[0],
                None
                if rng.random() < 0.07
                else rng.choices(range(1, 8), [16, 12, 20, 15, 14, 13, 10])[0],
            )
        )
    put(db, "accounts", acc)
    plans = [
        (1, "Starter", 9, 10, 0),
        (2, "Team", 19, 100, 0),
        (3, "Business", 35, 500, 1),
        (4, "Enterprise", 60, 5000, 1),
        (5, "Education", 5, 50, 0),
        (6, "Legacy Plus", 25, 200, 0),
    ]
    put(db, "plans", plans)
    subs, inv = [], []
    for ac in acc[:148]:
        s = date.fromisoformat(str(ac[5])) + timedelta(days=rng.randint(0, 25))
        if s > TODAY:
            continue
        n = rng.choices([1, 2, 3], [60, 30, 10])[0]
        for k in range(n):
            p = (
                5
                if ac[2] == "Education" and rng.random() < 0.6
                else rng.choices([1, 2, 3, 4], [30, 36, 24, 10])[0]
            )
            seats = max(1, int(ac[4] * rng.uniform(0.1, 0.8)))
            cyc = rng.choices(["monthly", "annual"], [62, 38])[0]
            last = k == n - 1
            end = (
                s + timedelta(days=rng.randint(60, 400))
                if not last or rng.random() < 0.28
                else None
            )
            if end and end > TODAY:
                end = None
            st = "cancelled" if end else rng.choices(["active", "past_due", "trial"], [84, 9, 7])[0]
            if st == "trial" and (TODAY - s).days > 45:
                st = "active"
            why = (
                rng.choice(
                    [
                        "Too expensive",
                        "Missing feature",
                        "Switched to competitor",
                        "Project ended",
                        None,
                    ]
                )
                if end
                else None
            )
            subs.append((len(subs) + 1, ac[0], p, s, end, cyc, seats, st, why))
            d, step = s, 30 if cyc == "monthly" else 365
            while d <= (end or TODAY) and st != "trial":
                late = rng.random()
                due = d + timedelta(days=14)
                amt = round(plans[p - 1][2] * seats * (1 if step == 30 else 10), 2)
                paid = d + timedelta(
                    days=rng.randint(0, 13) if late < 0.85 else rng.randint(15, 60)
                )
                stt = (
                    "void"
                    if rng.random() < 0.02
                    else "open"
                    if paid > TODAY
                    or rng.random() < 0.02
                    or (st == "past_due" and (TODAY - d).days < 60)
                    else "paid"
                )
                inv.append(
                    (len(inv) + 1, len(subs), d, due, amt, stt, paid if stt == "paid" else None)
                )
                d += timedelta(days=step)
            if end is None:
                break
            s = end + timedelta(days=rng.randint(1, 90))
            if s > TODAY:
                break
    put(db, "subscriptions", subs)
    put(db, "invoices", inv)
    users, ev, tk = [], [], []
    subbed = {x[1] for x in subs}

    def moment(d):
        return datetime(
            d.year,
            d.month,
            d.day,
            rng.choices(
                range(24), [1] * 7 + [4, 9, 12, 12, 10, 7, 9, 12, 11, 10, 8, 5, 3, 2, 2, 1, 1]
            )[0],
            rng.randint(0, 59),
            rng.randint(0, 59),
        )

    for ac in acc:
        for k in range(rng.randint(1, 7)):
            c = day(rng, ac[5], TODAY)
            u = len(users) + 1
            quiet = rng.random() < 0.15 or ac[0] not in subbed
            evs = []
            if not quiet:
                for _ in range(int(rng.expovariate(1 / 8))):
                    m = moment(c + timedelta(days=int((TODAY - c).days * rng.random() ** 0.7)))
                    evs.append(
                        (
                            m,
                            rng.choices(
                                ["report_view", "export", "api_call", "invite"], [50, 18, 26, 6]
                            )[0],
                        )
                    )
            lastlog = max((e[0] for e in evs), default=None)
            if lastlog is None and not quiet and rng.random() < 0.5:
                lastlog = moment(c)
            users.append(
                (
                    u,
                    ac[0],
                    f"user{u}@{ac[1].lower().replace(' ', '')}.example",
                    "admin" if k == 0 else rng.choice(["editor", "viewer", "viewer"]),
                    c,
                    lastlog,
                )
            )
            for m, t in evs:
                ev.append(
                    (
                        len(ev) + 1,
                        u,
                        t,
                        m,
                        None if t in ("invite", "api_call") else rng.randint(3, 900),
                    )
                )
    put(db, "app_users", users)
    put(db, "usage_events", ev)
    tw = [rng.random() ** 2 + 0.02 for _ in acc[:140]]
    for i in range(1, 621):
        ac = rng.choices(acc[:140], tw)[0]
        o = moment(day(rng, ac[5], TODAY))
        pr = rng.choices(["low", "medium", "high", "urgent"], [30, 40, 22, 8])[0]
        c = o + timedelta(
            hours=round(
                rng.expovariate(1 / {"low": 90, "medium": 50, "high": 24, "urgent": 8}[pr]), 0
            )
            + 1
        )
        if c > datetime(2024, 1, 15, 18) or rng.random() < 0.06:
            c = None
        tk.append(
            (
                i,
                ac[0],
                rng.choices(
                    ["Billing", "Login", "Bug", "Performance", "Feature request", "Integration"],
                    [22, 18, 26, 12, 14, 8],
                )[0],
                pr,
                o,
                c,
                rng.choices([1, 2, 3, 4, 5], [6, 8, 18, 36, 32])[0]
                if c and rng.random() < 0.6
                else None,
            )
        )
    put(db, "tickets", tk)
    db.commit()


hotel()
logistics()
saas()
for n in ("hotel", "logistics", "saas"):
    db = sqlite3.connect(os.path.join(HERE, n + ".sqlite"))
    print(
        n,
        {
            t: db.execute(f"SELECT count(*) FROM {t}").fetchone()[0]
            for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")
        },
    )
    print("  fk", db.execute("PRAGMA foreign_key_check").fetchall()[:3])
