"""Makes the four SQLite databases of the development set. Seeded: the same data each time."""

import datetime as D, os, random, sqlite3

HERE = os.path.dirname(os.path.abspath(__file__))
END = D.date(2024, 1, 15)
START = D.date(2021, 1, 16)
SPAN = (END - START).days

R = random.Random()


def day(a=START, b=END, grow=0.75):  # later days a little likelier
    return a + D.timedelta(
        days=min((b - a).days, int((b - a).days * R.random() ** grow + R.random()))
    )


def stamp(d, hours=range(7, 23)):
    return f"{d} {R.choice(list(hours)):02d}:{R.randrange(60):02d}:{R.randrange(60):02d}"


def pick(d):
    return R.choices(list(d), list(d.values()))[0]


def write(name, ddl, data):
    path = os.path.join(HERE, name + ".sqlite")
    if os.path.exists(path):
        os.remove(path)
    c = sqlite3.connect(path)
    c.executescript("PRAGMA foreign_keys=ON;" + ddl)
    for t, rows in data.items():
        c.executemany(f"INSERT INTO {t} VALUES ({','.join('?' * len(rows[0]))})", rows)
    c.commit()
    assert not c.execute("PRAGMA foreign_key_check").fetchall()
    print(name, {t: len(r) for t, r in data.items()})
    c.close()


FIRST = "James Mary Robert Linda Daniel Susan Peter Karen Wei Fang Jun Ting Hao Ling Omar Aisha Lucas Emma Noah Olivia Kenji Yuki Carlos Sofia Ivan Anna".split()
LAST = "Smith Brown Taylor Wilson Martin Clark Lewis Walker Chen Wang Zhang Liu Huang Zhao Khan Ahmed Silva Rossi Tanaka Sato Garcia Lopez Petrov Novak Kim Park".split()
XING = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
MING = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚宇婷浩欣悦晨"


def people(n):
    s = [f"{a} {b}" for a in FIRST for b in LAST]
    R.shuffle(s)
    return s[:n]


def renmen(n):
    s = [x + a + b for x in XING for a in MING for b in MING]
    R.shuffle(s)
    return s[:n]


# ---------------------------------------------------------------- retail bank: full words, no comments
def bank():
    R.seed(101)
    ddl = """
CREATE TABLE branches (branch_id INTEGER PRIMARY KEY, branch_name TEXT NOT NULL, city TEXT, region TEXT, opened_date DATE);
CREATE TABLE employees (employee_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, job_title TEXT, branch_id INTEGER REFERENCES branches(branch_id), manager_id INTEGER REFERENCES employees(employee_id), hire_date DATE, salary REAL);
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, gender TEXT, birth_date DATE, city TEXT, email TEXT, occupation TEXT, segment TEXT, home_branch_id INTEGER REFERENCES branches(branch_id), registration_date DATE);
CREATE TABLE accounts (account_id INTEGER PRIMARY KEY, account_number TEXT UNIQUE, customer_id INTEGER NOT NULL REFERENCES customers(customer_id), account_type TEXT, balance REAL, opened_date DATE, closed_date DATE, status TEXT);
CREATE TABLE transactions (transaction_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts(account_id), transaction_time DATETIME, transaction_type TEXT, channel TEXT, amount REAL);
CREATE TABLE cards (card_id INTEGER PRIMARY KEY, account_id INTEGER NOT NULL REFERENCES accounts(account_id), card_type TEXT, network TEXT, issue_date DATE, expiry_date DATE, credit_limit REAL, status TEXT);
CREATE TABLE loans (loan_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers(customer_id), branch_id INTEGER REFERENCES branches(branch_id), loan_type TEXT, principal_amount REAL, interest_rate REAL, term_months INTEGER, start_date DATE, status TEXT);
CREATE TABLE loan_payments (payment_id INTEGER PRIMARY KEY, loan_id INTEGER NOT NULL REFERENCES loans(loan_id), due_date DATE, payment_date DATE, amount REAL, late_fee REAL);
"""
    places = [
        ("Shanghai", "East"),
        ("Hangzhou", "East"),
        ("Nanjing", "East"),
        ("Beijing", "North"),
        ("Tianjin", "North"),
        ("Guangzhou", "South"),
        ("Shenzhen", "South"),
        ("Chengdu", "West"),
        ("Chongqing", "West"),
        ("Xi'an", "West"),
    ]
    br = [
        (i + 1, n, c, r, str(D.date(2005 + i, 1 + i * 5 % 12, 3 + i)))
        for i, (n, (c, r)) in enumerate(
            zip(
                [
                    "Riverside Branch",
                    "West Lake Branch",
                    "Drum Tower Branch",
                    "Chaoyang Branch",
                    "Harbour Branch",
                    "Pearl Branch",
                    "Bay Branch",
                    "Panda Branch",
                    "Hillside Branch",
                    "City Wall Branch",
                ],
                places,
            )
        )
    ]
    nm = people(600)
    emp = []
    for i in range(70):
        b = i % 10 + 1
        title = (
            "Branch Manager"
            if i < 10
            else pick({"Teller": 5, "Loan Officer": 3, "Financial Adviser": 2, "Security Guard": 1})
        )
        base = {
            "Branch Manager": 24000,
            "Teller": 7000,
            "Loan Officer": 11000,
            "Financial Adviser": 13500,
            "Security Guard": 5200,
        }[title]
        emp.append(
            (
                i + 1,
                nm.pop(),
                title,
                b,
                None if i < 10 else b,
                str(day(D.date(2012, 1, 1), END, 1)),
                round(base * R.uniform(0.8, 1.35), -1),
            )
        )
    cu = []
    for i in range(420):
        b = R.choices(range(1, 11), [20, 12, 9, 18, 6, 14, 15, 8, 5, 4])[0]
        n = nm.pop()
        cu.append(
            (
                i + 1,
                n,
                pick({"F": 11, "M": 10}),
                str(day(D.date(1948, 1, 1), D.date(2004, 12, 31), 1)),
                br[b - 1][2] if R.random() < 0.85 else R.choice(br)[2],
                None if R.random() < 0.12 else n.lower().replace(" ", ".") + "@example.com",
                pick(
                    {
                        "engineer": 5,
                        "teacher": 4,
                        "nurse": 3,
                        "retired": 4,
                        "student": 3,
                        "business owner": 3,
                        "driver": 2,
                        "lawyer": 1,
                    }
                ),
                pick({"mass": 14, "affluent": 5, "private": 1}),
                b,
                str(day()),
            )
        )
    ac = []
    for c in cu:
        if R.random() < 0.06:
            continue
        for _ in range(R.choices([1, 2, 3], [6, 4, 1])[0]):
            t = pick({"checking": 6, "savings": 5, "term deposit": 2})
            o = day(D.date.fromisoformat(c[9]), END, 1.2)
            st = pick({"active": 16, "dormant": 2, "closed": 2})
            cl = str(day(o, END, 1)) if st == "closed" else None
            m = {"mass": 12000, "affluent": 90000, "private": 700000}[c[7]] * (
                2.5 if t == "term deposit" else 1
            )
            ac.append(
                (
                    len(ac) + 1,
                    f"6217{R.randrange(10**8):08d}{len(ac):04d}",
                    c[0],
                    t,
                    0.0 if st == "closed" else round(m * R.lognormvariate(-0.3, 0.8), 2),
                    str(o),
                    cl,
                    st,
                )
            )
    tx = []
    w = [R.random() ** 1.5 + 0.01 for _ in ac]
    for _ in range(6000):
        a = R.choices(ac, w)[0] if _ % 4 else R.choice(ac[:500])
        d = day(D.date.fromisoformat(a[5]), D.date.fromisoformat(a[6]) if a[6] else END, 0.9)
        t = pick({"deposit": 6, "withdrawal": 5, "transfer in": 3, "transfer out": 4, "fee": 1})
        tx.append(
            (
                0,
                a[0],
                stamp(d),
                t,
                "branch" if t == "fee" else pick({"mobile": 9, "ATM": 4, "online": 4, "branch": 3}),
                round(R.uniform(2, 30), 2) if t == "fee" else round(R.lognormvariate(6.8, 1.1), 2),
            )
        )
    tx.sort(key=lambda r: r[2])
    tx = [(i + 1,) + r[1:] for i, r in enumerate(tx)]
    ca = []
    for a in ac:
        if a[3] == "term deposit" or R.random() < 0.2:
            continue
        for _ in range(R.choices([1, 2], [4, 1])[0]):
            k = pick({"debit": 7, "credit": 3})
            d = day(D.date.fromisoformat(a[5]), END, 1.1)
            e = d.replace(year=d.year + R.choice([2, 3, 5]), day=min(d.day, 28))
            ca.append(
                (
                    len(ca) + 1,
                    a[0],
                    k,
                    pick({"UnionPay": 6, "Visa": 4, "Mastercard": 3}),
                    str(d),
                    str(e),
                    float(R.choice([5000, 10000, 20000, 30000, 50000, 100000]))
                    if k == "credit"
                    else None,
                    "expired" if e <= END else pick({"active": 12, "blocked": 1}),
                )
            )
    lo = []
    lp = []
    for i in range(230):
        c = R.choice(cu)
        t = pick({"personal": 5, "car": 4, "mortgage": 4, "business": 2})
        s = day(D.date.fromisoformat(c[9]), END, 1)
        m = {"personal": 40000, "car": 130000, "mortgage": 1200000, "business": 600000}[t]
        st = pick({"current": 12, "overdue": 3, "paid off": 4, "defaulted": 1})
        lo.append(
            (
                i + 1,
                c[0],
                c[8] if R.random() < 0.9 else R.randint(1, 10),
                t,
                round(m * R.lognormvariate(-0.1, 0.45), -2),
                round(
                    {"personal": 7.2, "car": 5.4, "mortgage": 4.1, "business": 6.0}[t]
                    + R.uniform(-0.9, 0.9),
                    2,
                ),
                {"personal": 24, "car": 48, "mortgage": 300, "business": 60}[t]
                + R.choice([-12, 0, 0, 12]),
                str(s),
                st,
            )
        )
        for k in range(1, 11):
            due = s + D.timedelta(days=30 * k)
            if due > END:
                break
            late = R.random() < 0.15
            pd = due + D.timedelta(days=R.randint(1, 25) if late else -R.randint(0, 6))
            miss = pd > END or (st in ("overdue", "defaulted") and k > 3 and R.random() < 0.4)
            lp.append(
                (
                    len(lp) + 1,
                    i + 1,
                    str(due),
                    None if miss else str(pd),
                    round(lo[-1][4] / lo[-1][6] * 1.08, 2),
                    50.0 * R.randint(1, 4) if late and not miss else 0.0,
                )
            )
    write(
        "bank",
        ddl,
        dict(
            branches=br,
            employees=emp,
            customers=cu,
            accounts=ac,
            transactions=tx,
            cards=ca,
            loans=lo,
            loan_payments=lp,
        ),
    )


# ---------------------------------------------------------------- online education: comments in both languages
def edu():
    R.seed(202)
    ddl = """
CREATE TABLE subjects ( -- Subjects | 学科
  subject_id INTEGER PRIMARY KEY, -- Subject ID | 学科编号
  subject_name TEXT NOT NULL -- Subject name | 学科名称
);
CREATE TABLE teachers ( -- Teachers, instructors | 教师、老师
  teacher_id INTEGER PRIMARY KEY, -- Teacher ID | 教师编号
  name TEXT NOT NULL, -- Teacher name | 教师姓名
  degree TEXT, -- Highest degree: bachelor, master, PhD | 最高学历：bachelor 本科，master 硕士，PhD 博士
  hired_on DATE, -- Hire date | 入职日期
  hourly_rate REAL -- Pay per teaching hour | 课时费
);
CREATE TABLE courses ( -- Courses | 课程
  course_id INTEGER PRIMARY KEY, -- Course ID | 课程编号
  title TEXT NOT NULL, -- Course title | 课程名称
  subject_id INTEGER REFERENCES subjects(subject_id), -- Subject | 所属学科
  teacher_id INTEGER REFERENCES teachers(teacher_id), -- Teacher of the course | 授课教师
  level TEXT, -- Difficulty level: beginner, intermediate, advanced | 难度：beginner 初级，intermediate 中级，advanced 高级
  price REAL, -- List price | 课程价格
  published_on DATE, -- Publication date | 上线日期
  status TEXT -- Status: online, offline, draft | 课程状态：online 在售，offline 下架，draft 草稿
);
CREATE TABLE lessons ( -- Lessons of a course | 课时
  lesson_id INTEGER PRIMARY KEY, -- Lesson ID | 课时编号
  course_id INTEGER NOT NULL REFERENCES courses(course_id), -- Course | 课程
  seq_no INTEGER, -- Position in the course | 序号
  title TEXT, -- Lesson title | 课时标题
  duration_min INTEGER, -- Length in minutes | 时长（分钟）
  is_free INTEGER -- 1 if free to preview | 是否免费试看
);
CREATE TABLE students ( -- Students, learners | 学生、学员
  student_id INTEGER PRIMARY KEY, -- Student ID | 学生编号
  name TEXT NOT NULL, -- Student name | 学生姓名
  gender TEXT, -- Gender: F female, M male | 性别：F 女，M 男
  birthday DATE, -- Date of birth | 出生日期
  city TEXT, -- City | 所在城市
  email TEXT, -- Email address | 邮箱
  source TEXT, -- Acquisition channel: search, referral, ads, social | 来源渠道：search 搜索，referral 推荐，ads 广告，social 社交媒体
  signed_up_on DATE -- Sign-up date | 注册日期
);
CREATE TABLE enrollments ( -- Enrollments in courses | 选课、报名
  enrollment_id INTEGER PRIMARY KEY, -- Enrollment ID | 报名编号
  student_id INTEGER NOT NULL REFERENCES students(student_id), -- Student | 学生
  course_id INTEGER NOT NULL REFERENCES courses(course_id), -- Course | 课程
  enrolled_at DATETIME, -- Enrollment time | 报名时间
  status TEXT, -- Status: studying, completed, dropped | 学习状态：studying 学习中，completed 已完成，dropped 已退课
  progress_pct REAL, -- Progress in percent | 学习进度（百分比）
  completed_at DATETIME -- Completion time | 完成时间
);
CREATE TABLE payments ( -- Payments | 付款、支付
  payment_id INTEGER PRIMARY KEY, -- Payment ID | 付款编号
  enrollment_id INTEGER NOT NULL REFERENCES enrollments(enrollment_id), -- Enrollment | 报名
  paid_at DATETIME, -- Payment time | 付款时间
  amount REAL, -- Amount paid | 付款金额
  method TEXT, -- Payment method: WeChat, Alipay, card | 支付方式：WeChat 微信，Alipay 支付宝，card 银行卡
  status TEXT -- Status: paid, refunded, failed | 付款状态：paid 成功，refunded 已退款，failed 失败
);
CREATE TABLE exams ( -- Exam attempts | 考试记录
  exam_id INTEGER PRIMARY KEY, -- Exam ID | 考试编号
  enrollment_id INTEGER NOT NULL REFERENCES enrollments(enrollment_id), -- Enrollment | 报名
  taken_on DATE, -- Exam date | 考试日期
  score REAL, -- Score from 0 to 100 | 考试成绩、分数
  passed INTEGER -- 1 if passed | 是否通过
);
CREATE TABLE course_reviews ( -- Course reviews | 课程评价
  review_id INTEGER PRIMARY KEY, -- Review ID | 评价编号
  enrollment_id INTEGER NOT NULL REFERENCES enrollments(enrollment_id), -- Enrollment | 报名
  rating INTEGER, -- Rating, 1 to 5 stars | 评分（1-5星）
  comment TEXT, -- Text of the review | 评价内容
  created_on DATE -- Review date | 评价日期
);
"""
    subs = ["Programming", "Data Science", "Design", "Languages", "Business", "Music"]
    topics = {
        1: [
            "Python Basics",
            "Java in Practice",
            "Web Development",
            "Go for Services",
            "Mobile Apps",
            "Algorithms",
        ],
        2: [
            "Statistics",
            "Machine Learning",
            "SQL for Analysts",
            "Data Visualisation",
            "Deep Learning",
        ],
        3: ["Graphic Design", "UI Design", "Photo Editing", "Motion Graphics"],
        4: [
            "English Speaking",
            "Business English",
            "Japanese N3",
            "Spanish Starter",
            "French Grammar",
        ],
        5: ["Accounting", "Marketing", "Project Management", "Negotiation"],
        6: ["Piano", "Guitar", "Songwriting"],
    }
    te = [
        (
            i + 1,
            n,
            pick({"bachelor": 3, "master": 5, "PhD": 2}),
            str(day(D.date(2017, 1, 1), D.date(2023, 10, 1), 1)),
            float(R.randrange(80, 420, 5)),
        )
        for i, n in enumerate(renmen(26))
    ]
    co = []
    le = []
    for s, ts in topics.items():
        for t in ts:
            for lv in R.sample(["beginner", "intermediate", "advanced"], R.choice([1, 2, 2])):
                i = len(co) + 1
                co.append(
                    (
                        i,
                        f"{t} {dict(beginner='I', intermediate='II', advanced='III')[lv]}",
                        s,
                        R.randint(1, 22),
                        lv,
                        float(
                            R.choice([99, 149, 199, 299, 399, 499, 699, 899, 1299]) + len(co) % 7
                        ),
                        None,
                        pick({"online": 14, "offline": 3, "draft": 1}),
                    )
                )
                st = co[-1][7]
                co[-1] = co[-1][:6] + (
                    None if st == "draft" else str(day(START, D.date(2023, 6, 1), 1.6)),
                    st,
                )
                n = R.randint(4, 14)
                for k in range(1, n + 1):
                    le.append(
                        (
                            len(le) + 1,
                            i,
                            k,
                            f"Lesson {k}",
                            R.randint(8, 75),
                            int(k == 1 or (k == 2 and R.random() < 0.3)),
                        )
                    )
    sn = renmen(520)
    sd = []
    for i in range(480):
        sd.append(
            (
                i + 1,
                sn[i],
                pick({"F": 6, "M": 5}),
                str(day(D.date(1970, 1, 1), D.date(2008, 12, 31), 0.6)),
                pick(
                    {
                        "Beijing": 9,
                        "Shanghai": 10,
                        "Shenzhen": 7,
                        "Hangzhou": 5,
                        "Wuhan": 4,
                        "Chengdu": 6,
                        "Xiamen": 2,
                    }
                ),
                None if R.random() < 0.1 else f"s{i + 1:04d}@example.com",
                pick({"search": 6, "referral": 4, "ads": 5, "social": 3}),
                str(day()),
            )
        )
    en = []
    pub = [c for c in co if c[6]]
    cw = [R.random() ** 2 + 0.04 for _ in pub]
    cw[2] = 0
    cw[11] = 0
    for s in sd:
        if R.random() < 0.08:
            continue
        done = set()
        for _ in range(R.choices([1, 2, 3, 4, 6], [5, 5, 4, 2, 1])[0]):
            c = R.choices(pub, cw)[0]
            if c[0] in done:
                continue
            done.add(c[0])
            a = max(D.date.fromisoformat(s[7]), D.date.fromisoformat(c[6]))
            d = day(a, END, 1.1)
            st = pick({"studying": 6, "completed": 6, "dropped": 2})
            if (END - d).days < 20:
                st = "studying"
            en.append(
                [
                    s[0],
                    c[0],
                    stamp(d),
                    st,
                    100.0 if st == "completed" else float(R.randint(0, 95)),
                    stamp(day(d + D.timedelta(days=10), END, 1)) if st == "completed" else None,
                ]
            )
    en.sort(key=lambda r: r[2])
    en = [(i + 1, *r) for i, r in enumerate(en)]
    pa = []
    ex = []
    rv = []
    for e in en:
        d = D.date.fromisoformat(e[3][:10])
        price = co[e[2] - 1][5]
        if R.random() < 0.95:
            if R.random() < 0.06:
                pa.append(
                    (
                        0,
                        e[0],
                        stamp(d),
                        price,
                        pick({"WeChat": 5, "Alipay": 4, "card": 2}),
                        "failed",
                    )
                )
            if R.random() < 0.98:
                pa.append(
                    (
                        0,
                        e[0],
                        e[3][:11] + "23:" + e[3][14:],
                        round(price * R.choice([1, 1, 1, 0.9, 0.8]), 2),
                        pick({"WeChat": 5, "Alipay": 4, "card": 2}),
                        "refunded" if e[4] == "dropped" and R.random() < 0.6 else "paid",
                    )
                )
        if e[4] != "dropped" and (END - d).days > 25:
            for _ in range(R.choices([0, 1, 2], [4, 6, 2])[0]):
                sc = float(min(100, max(18, round(R.gauss(72 + (e[2] % 5) * 2, 13)))))
                ex.append((0, e[0], str(day(d + D.timedelta(days=12), END, 1)), sc, int(sc >= 60)))
        if (END - d).days > 12 and R.random() < 0.4:
            rv.append(
                (
                    len(rv) + 1,
                    e[0],
                    pick({5: 8, 4: 6, 3: 3, 2: 1.4, 1: 1}),
                    None
                    if R.random() < 0.3
                    else R.choice(
                        [
                            "Very clear",
                            "Too fast",
                            "Good exercises",
                            "讲得很好",
                            "内容有点旧",
                            "Would buy again",
                            "作业太多",
                        ]
                    ),
                    str(day(d + D.timedelta(days=3), END, 1.5)),
                )
            )
    pa.sort(key=lambda r: r[2])
    ex.sort(key=lambda r: r[2])
    write(
        "edu",
        ddl,
        dict(
            subjects=[(i + 1, s) for i, s in enumerate(subs)],
            teachers=te,
            courses=co,
            lessons=le,
            students=sd,
            enrollments=en,
            payments=[(i + 1,) + p[1:] for i, p in enumerate(pa)],
            exams=[(i + 1,) + p[1:] for i, p in enumerate(ex)],
            course_reviews=rv,
        ),
    )


# ---------------------------------------------------------------- manufacturing: abbreviations, no comments
def mfg():
    R.seed(303)
    ddl = """
CREATE TABLE emp (emp_id INTEGER PRIMARY KEY, emp_nm VARCHAR(40) NOT NULL, dept VARCHAR(20), shift VARCHAR(10), hire_dt DATE, hr_wage DECIMAL(8,2));
CREATE TABLE mach (mach_id INTEGER PRIMARY KEY, mach_nm VARCHAR(40), mach_type VARCHAR(20), bldg VARCHAR(10), inst_dt DATE, stat VARCHAR(15));
CREATE TABLE supp (supp_id INTEGER PRIMARY KEY, supp_nm VARCHAR(40), ctry VARCHAR(20), lead_days INT);
CREATE TABLE cust (cust_id INTEGER PRIMARY KEY, cust_nm VARCHAR(40), ctry VARCHAR(20));
CREATE TABLE part (part_id INTEGER PRIMARY KEY, part_nm VARCHAR(40), part_cat VARCHAR(20), unit_cost DECIMAL(10,2), stock_qty INT, min_qty INT);
CREATE TABLE purch_ord (po_id INTEGER PRIMARY KEY, supp_id INT NOT NULL REFERENCES supp(supp_id), ord_dt DATE, exp_dt DATE, recv_dt DATE, stat VARCHAR(15));
CREATE TABLE po_line (po_line_id INTEGER PRIMARY KEY, po_id INT NOT NULL REFERENCES purch_ord(po_id), part_id INT NOT NULL REFERENCES part(part_id), qty INT, unit_price DECIMAL(10,2));
CREATE TABLE work_ord (wo_id INTEGER PRIMARY KEY, part_id INT NOT NULL REFERENCES part(part_id), cust_id INT REFERENCES cust(cust_id), mach_id INT REFERENCES mach(mach_id), emp_id INT REFERENCES emp(emp_id), plan_qty INT, prod_qty INT, start_dt DATE, due_dt DATE, end_dt DATE, prio VARCHAR(10), stat VARCHAR(15));
CREATE TABLE defect (def_id INTEGER PRIMARY KEY, wo_id INT NOT NULL REFERENCES work_ord(wo_id), def_type VARCHAR(20), qty INT, sev VARCHAR(10), found_dt DATE);
"""
    em = [
        (
            i + 1,
            n,
            pick({"Machining": 6, "Assembly": 5, "Quality": 2, "Maintenance": 2, "Warehouse": 2}),
            pick({"day": 5, "evening": 3, "night": 2}),
            str(day(D.date(2010, 1, 1), END, 0.9)),
            round(R.uniform(17, 44), 2),
        )
        for i, n in enumerate(people(60))
    ]
    types = ["CNC mill", "Lathe", "Press", "Welder", "Laser cutter", "Grinder"]
    ma = [
        (
            i + 1,
            f"{types[i % 6]} {chr(65 + i % 6)}{i // 6 + 1:02d}",
            types[i % 6],
            R.choice(["B1", "B2", "B3"]),
            str(day(D.date(2008, 1, 1), D.date(2023, 9, 1), 1)),
            pick({"running": 9, "idle": 3, "repair": 2, "retired": 1}),
        )
        for i in range(27)
    ]
    su = [
        (i + 1, n, c, R.randint(4, 60))
        for i, (n, c) in enumerate(
            [
                ("Norsteel AB", "Sweden"),
                ("Rhein Metallbau", "Germany"),
                ("Baosheng Steel", "China"),
                ("Ningbo Fasteners", "China"),
                ("Kansai Bearings", "Japan"),
                ("Lombardi Gears", "Italy"),
                ("Ohio Castings", "USA"),
                ("Suzhou Plastics", "China"),
                ("Bavaria Tools", "Germany"),
                ("Pune Forge", "India"),
                ("Dallas Hydraulics", "USA"),
                ("Osaka Sensors", "Japan"),
                ("Turin Springs", "Italy"),
                ("Delta Rubber", "Vietnam"),
                ("Hanoi Wire", "Vietnam"),
                ("Gdansk Coatings", "Poland"),
            ]
        )
    ]
    cu = [
        (i + 1, n, c)
        for i, (n, c) in enumerate(
            [
                ("Atlas Pumps", "USA"),
                ("Volta Motors", "Germany"),
                ("Huaxin Rail", "China"),
                ("Nordic Wind", "Denmark"),
                ("Sakura Robotics", "Japan"),
                ("Maple Tractors", "Canada"),
                ("Alpine Lifts", "Austria"),
                ("Great Wall Trucks", "China"),
                ("Iberia Boats", "Spain"),
                ("Celtic Cranes", "Ireland"),
                ("Zenith Aero", "France"),
                ("Andes Mining", "Chile"),
            ]
        )
    ]
    cats = {
        "Bearing": (4, 90),
        "Shaft": (20, 180),
        "Gear": (15, 140),
        "Housing": (30, 320),
        "Fastener": (0.1, 3),
        "Spring": (0.5, 9),
        "Seal": (0.8, 14),
        "Valve": (18, 260),
    }
    pt = []
    for c, (lo, hi) in cats.items():
        for k in range(R.randint(6, 9)):
            mn = R.choice([50, 100, 150, 200, 400])
            pt.append(
                (
                    len(pt) + 1,
                    f"{c} {R.choice('XYZKT')}{100 + len(pt) * 7}",
                    c,
                    round(R.uniform(lo, hi), 2),
                    R.randint(0, 1500),
                    mn,
                )
            )
    po = []
    pl = []
    bought = [p for p in pt if p[2] not in ("Housing",)]
    for i, d in enumerate(sorted(day(grow=0.9) for _ in range(620))):
        s = R.choices(su[:15], [9, 8, 12, 7, 4, 5, 5, 6, 4, 3, 3, 2, 2, 3, 1])[0]
        e = d + D.timedelta(days=s[3])
        r = e + D.timedelta(days=R.choice([-3, -2, -1, 0, 0, 0, 1, 2, 4, 7, 12]))
        r = max(r, d + D.timedelta(days=1))
        st = "cancelled" if R.random() < 0.05 else ("open" if r > END else "received")
        po.append((i + 1, s[0], str(d), str(e), str(r) if st == "received" else None, st))
        for p in R.sample(bought, R.choices([1, 2, 3, 4], [4, 4, 3, 1])[0]):
            pl.append(
                (
                    len(pl) + 1,
                    i + 1,
                    p[0],
                    R.choice([20, 50, 100, 200, 300, 500]),
                    round(p[3] * R.uniform(0.7, 1.2), 2),
                )
            )
    wo = []
    df = []
    ops = [e for e in em if e[2] in ("Machining", "Assembly")][:-4]
    made = [p for p in pt if p[2] in ("Shaft", "Gear", "Housing", "Valve", "Bearing")]
    for i, d in enumerate(sorted(day(grow=0.85) for _ in range(1400))):
        due = d + D.timedelta(days=R.randint(3, 28))
        e = due + D.timedelta(days=R.choice([-4, -3, -2, -1, -1, 0, 0, 1, 2, 5, 9]))
        e = max(e, d)
        st = "cancelled" if R.random() < 0.04 else ("done" if e <= END else "open")
        q = R.choice([50, 80, 100, 150, 200, 250, 400])
        m = R.choices(ma[:25], [1 + (j * 7) % 9 for j in range(25)])[0]
        wo.append(
            (
                i + 1,
                R.choice(made)[0],
                None
                if R.random() < 0.07
                else R.choices(cu[:11], [9, 8, 7, 3, 5, 4, 2, 6, 2, 3, 4])[0][0],
                m[0],
                None if R.random() < 0.04 else R.choice(ops)[0],
                q,
                0
                if st == "cancelled"
                else (
                    int(q * R.uniform(0.88, 1.0)) if st == "done" else int(q * R.uniform(0, 0.8))
                ),
                str(d),
                str(due),
                str(e) if st == "done" else None,
                pick({"low": 3, "normal": 8, "high": 3}),
                st,
            )
        )
        if st == "done":
            for _ in range(R.choices([0, 1, 2, 3], [10, 5, 2, 1])[0]):
                df.append(
                    (
                        len(df) + 1,
                        i + 1,
                        pick({"scratch": 6, "crack": 2, "wrong size": 5, "porosity": 2, "burr": 4}),
                        R.randint(1, 14),
                        pick({"minor": 6, "major": 3, "critical": 1}),
                        str(day(d, e, 1)),
                    )
                )
    write(
        "mfg",
        ddl,
        dict(
            emp=em,
            mach=ma,
            supp=su,
            cust=cu,
            part=pt,
            purch_ord=po,
            po_line=pl,
            work_ord=wo,
            defect=df,
        ),
    )


# ---------------------------------------------------------------- food delivery: comments in both languages
def food():
    R.seed(404)
    ddl = """
CREATE TABLE restaurants ( -- Restaurants, merchants | 餐厅、商家
  restaurant_id INTEGER PRIMARY KEY, -- Restaurant ID | 餐厅编号
  name TEXT NOT NULL, -- Restaurant name | 餐厅名称
  cuisine TEXT, -- Cuisine | 菜系
  city TEXT, -- City | 城市
  joined_on DATE, -- Date of joining the platform | 入驻日期
  commission_pct REAL, -- Commission in percent | 佣金比例（百分比）
  is_active INTEGER -- 1 if open for business | 是否营业
);
CREATE TABLE dishes ( -- Dishes on the menu | 菜品
  dish_id INTEGER PRIMARY KEY, -- Dish ID | 菜品编号
  restaurant_id INTEGER NOT NULL REFERENCES restaurants(restaurant_id), -- Restaurant | 所属餐厅
  name TEXT NOT NULL, -- Dish name | 菜名
  category TEXT, -- Dish category: main, side, soup, drink, dessert | 菜品类别：main 主菜，side 小菜，soup 汤，drink 饮料，dessert 甜品
  price REAL, -- Menu price | 单价、价格
  is_spicy INTEGER -- 1 if spicy | 是否辣
);
CREATE TABLE riders ( -- Delivery riders, couriers | 骑手、配送员
  rider_id INTEGER PRIMARY KEY, -- Rider ID | 骑手编号
  name TEXT NOT NULL, -- Rider name | 骑手姓名
  city TEXT, -- City | 城市
  vehicle TEXT, -- Vehicle: e-bike, motorcycle, bicycle | 交通工具：e-bike 电动车，motorcycle 摩托车，bicycle 自行车
  hired_on DATE -- Start date | 入职日期
);
CREATE TABLE customers ( -- Customers, users | 顾客、用户
  customer_id INTEGER PRIMARY KEY, -- Customer ID | 顾客编号
  name TEXT NOT NULL, -- Customer name | 顾客姓名
  gender TEXT, -- Gender: female, male | 性别：female 女，male 男
  city TEXT, -- City | 城市
  phone TEXT, -- Phone number | 手机号
  registered_on DATE, -- Registration date | 注册日期
  member_level TEXT -- Membership level: basic, silver, gold | 会员等级：basic 普通，silver 银卡，gold 金卡
);
CREATE TABLE coupons ( -- Coupons | 优惠券
  coupon_id INTEGER PRIMARY KEY, -- Coupon ID | 优惠券编号
  code TEXT, -- Coupon code | 优惠码
  discount REAL, -- Discount amount | 优惠金额
  min_spend REAL, -- Minimum spend | 最低消费
  valid_from DATE, -- Valid from | 生效日期
  valid_to DATE -- Valid until | 失效日期
);
CREATE TABLE orders ( -- Orders | 订单
  order_id INTEGER PRIMARY KEY, -- Order ID | 订单编号
  customer_id INTEGER NOT NULL REFERENCES customers(customer_id), -- Customer | 顾客
  restaurant_id INTEGER NOT NULL REFERENCES restaurants(restaurant_id), -- Restaurant | 餐厅
  rider_id INTEGER REFERENCES riders(rider_id), -- Rider | 骑手
  coupon_id INTEGER REFERENCES coupons(coupon_id), -- Coupon used | 使用的优惠券
  ordered_at DATETIME, -- Order time | 下单时间
  delivered_at DATETIME, -- Delivery time | 送达时间
  distance_km REAL, -- Delivery distance in km | 配送距离（公里）
  delivery_fee REAL, -- Delivery fee | 配送费
  total_amount REAL, -- Order amount | 订单金额
  pay_method TEXT, -- Payment method: WeChat, Alipay, cash | 支付方式：WeChat 微信，Alipay 支付宝，cash 现金
  status TEXT -- Order status: delivered, cancelled, refunded | 订单状态：delivered 已送达，cancelled 已取消，refunded 已退款
);
CREATE TABLE order_items ( -- Order items | 订单明细
  item_id INTEGER PRIMARY KEY, -- Item ID | 明细编号
  order_id INTEGER NOT NULL REFERENCES orders(order_id), -- Order | 订单
  dish_id INTEGER NOT NULL REFERENCES dishes(dish_id), -- Dish | 菜品
  quantity INTEGER, -- Quantity, portions | 数量、份数
  unit_price REAL -- Price paid per portion | 成交单价
);
CREATE TABLE reviews ( -- Order reviews | 订单评价
  review_id INTEGER PRIMARY KEY, -- Review ID | 评价编号
  order_id INTEGER NOT NULL REFERENCES orders(order_id), -- Order | 订单
  food_score INTEGER, -- Score for the food, 1 to 5 | 菜品评分（1-5）
  delivery_score INTEGER, -- Score for the delivery, 1 to 5 | 配送评分（1-5）
  comment TEXT, -- Text of the review | 评价内容
  created_on DATE -- Review date | 评价日期
);
"""
    cit = {"Shanghai": 8, "Beijing": 7, "Guangzhou": 5, "Chengdu": 5, "Hangzhou": 3}
    cz = {"Sichuan": 5, "Cantonese": 4, "Japanese": 3, "Fast Food": 4, "Italian": 2, "Korean": 2}
    a = "川味 老街 金龙 阿婆 海港 云上 竹林 樱花 小城 大唐 南门 东来 福满 一品 三好 江南 天府 悦来".split()
    b = "小馆 食堂 餐厅 厨房 酒楼".split()
    nn = [x + y for x in a for y in b]
    R.shuffle(nn)
    rs = [
        (
            i + 1,
            nn[i],
            pick(cz),
            pick(cit),
            str(day(START, D.date(2023, 12, 1), 1.5)),
            float(R.choice([12, 15, 18, 20, 22])),
            int(R.random() < 0.88),
        )
        for i in range(48)
    ]
    menu = {
        "main": [
            "Kung Pao Chicken",
            "Mapo Tofu",
            "Beef Noodles",
            "Fried Rice",
            "Ramen",
            "Roast Duck",
            "Bibimbap",
            "Margherita Pizza",
            "Burger",
            "Dumplings",
            "Curry Rice",
            "Spaghetti",
        ],
        "side": ["Spring Rolls", "Cucumber Salad", "French Fries", "Kimchi"],
        "soup": ["Wonton Soup", "Miso Soup", "Hot and Sour Soup"],
        "drink": ["Cola", "Green Tea", "Soy Milk", "Orange Juice"],
        "dessert": ["Tiramisu", "Mango Pudding", "Egg Tart"],
    }
    pr = {"main": (22, 68), "side": (8, 24), "soup": (10, 28), "drink": (4, 18), "dessert": (9, 32)}
    di = []
    for r in rs:
        for c in R.choices(list(menu), [6, 3, 2, 3, 2], k=R.randint(6, 11)):
            n = R.choice(menu[c])
            if any(d[1] == r[0] and d[2] == n for d in di):
                continue
            di.append(
                (
                    len(di) + 1,
                    r[0],
                    n,
                    c,
                    round(R.uniform(*pr[c]) * 2) / 2,
                    int(n in ("Kung Pao Chicken", "Mapo Tofu", "Kimchi", "Hot and Sour Soup")),
                )
            )
    top = max(di, key=lambda x: x[4])
    di[top[0] - 1] = top[:4] + (top[4] + 4.5,) + top[5:]  # one dearest dish
    nm = renmen(520)
    rd = [
        (
            i + 1,
            nm.pop(),
            pick(cit) if i >= 10 else list(cit)[i % 5],
            pick({"e-bike": 7, "motorcycle": 3, "bicycle": 1}),
            str(day(START, END, 1.3)),
        )
        for i in range(60)
    ]
    cu = [
        (
            i + 1,
            nm.pop(),
            pick({"female": 6, "male": 5}),
            pick(cit),
            None if R.random() < 0.08 else f"13{R.randrange(10**9):09d}",
            str(day()),
            pick({"basic": 7, "silver": 3, "gold": 1.5}),
        )
        for i in range(430)
    ]
    cp = []
    for i in range(18):
        f = START + D.timedelta(days=60 * i)
        cp.append(
            (
                i + 1,
                f"SAVE{10 + i}",
                float(R.choice([3, 5, 8, 10, 15, 20])),
                float(R.choice([20, 30, 50, 60, 80])),
                str(f),
                str(f + D.timedelta(days=R.choice([45, 60, 90, 120]))),
            )
        )
    od = []
    w = [R.random() ** 2 + 0.02 for _ in cu]
    rw = [R.random() ** 1.5 + 0.05 for _ in rs]
    ridw = {r[0]: R.random() + 0.1 for r in rd}
    for _ in range(3600):
        c = R.choices(cu[:405], w[:405])[0]
        loc = [r for r in rs[:46] if r[3] == c[3]]
        r = R.choices(loc, [rw[x[0] - 1] for x in loc])[0]
        d = day(max(D.date.fromisoformat(c[5]), D.date.fromisoformat(r[4])), END, 0.95)
        h = R.choices(
            [8, 10, 11, 12, 13, 15, 17, 18, 19, 20, 21, 22], [2, 3, 9, 10, 5, 2, 5, 11, 9, 6, 3, 2]
        )[0]
        t = D.datetime(d.year, d.month, d.day, h, R.randrange(60), R.randrange(60))
        st = pick({"delivered": 18, "cancelled": 1.5, "refunded": 0.8})
        ri = [x for x in rd[:57] if x[2] == c[3] and x[4] <= str(d)]
        ri = R.choices(ri, [ridw[x[0]] for x in ri])[0][0] if ri and st != "cancelled" else None
        km = round(R.uniform(0.4, 8), 1)
        mn = int(14 + km * 3.5 + R.gauss(6, 6))
        k = [x for x in cp[:17] if x[4] <= str(d) <= x[5]]
        od.append(
            [
                c[0],
                r[0],
                ri,
                R.choice(k)[0] if k and R.random() < 0.25 else None,
                str(t),
                None if st == "cancelled" else str(t + D.timedelta(minutes=max(mn, 9), seconds=0)),
                km,
                float(round(2 + km * 0.8)),
                0,
                pick({"WeChat": 6, "Alipay": 5, "cash": 1}),
                st,
            ]
        )
    od.sort(key=lambda r: r[4])
    it = []
    rv = []
    byr = {}
    for x in di:
        byr.setdefault(x[1], []).append(x)
    for i, o in enumerate(od):
        tot = 0
        for x in R.sample(
            byr[o[1]], min(len(byr[o[1]]) - 1, R.choices([1, 2, 3, 4], [3, 4, 3, 1])[0])
        ):
            q = R.choices([1, 2, 3], [8, 3, 1])[0]
            p = x[4]
            it.append((len(it) + 1, i + 1, x[0], q, p))
            tot += p * q
        o[8] = max(5.0, round(tot + o[7] - (cp[o[3] - 1][2] if o[3] else 0), 2))
        if o[10] != "cancelled" and R.random() < 0.42:
            low = o[10] == "refunded"
            rv.append(
                (
                    len(rv) + 1,
                    i + 1,
                    R.randint(1, 3) if low else pick({5: 8, 4: 6, 3: 3, 2: 1, 1: 0.7}),
                    pick({5: 9, 4: 5, 3: 2, 2: 1, 1: 0.6}),
                    None
                    if R.random() < 0.45
                    else R.choice(
                        [
                            "好吃",
                            "送得很快",
                            "Cold on arrival",
                            "Great taste",
                            "有点咸",
                            "分量足",
                            "Forgot the chopsticks",
                        ]
                    ),
                    o[4][:10]
                    if R.random() < 0.6
                    else str(
                        min(
                            END, D.date.fromisoformat(o[4][:10]) + D.timedelta(days=R.randint(1, 5))
                        )
                    ),
                )
            )
    write(
        "food",
        ddl,
        dict(
            restaurants=rs,
            dishes=di,
            riders=rd,
            customers=cu,
            coupons=cp,
            orders=[(i + 1, *o) for i, o in enumerate(od)],
            order_items=it,
            reviews=rv,
        ),
    )


if __name__ == "__main__":
    bank()
    edu()
    mfg()
    food()
