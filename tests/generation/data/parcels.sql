-- A parcel service, for what is asked of times and texts in both languages. Today is 2024-03-15, a Friday.
CREATE TABLE client (
  id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, email VARCHAR NOT NULL, tier VARCHAR NOT NULL, joined_on DATE NOT NULL,
  closed_on DATE
);
CREATE TABLE parcel (
  id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client (id), order_date DATE NOT NULL,
  delivery_date DATE, weight DECIMAL(8, 2) NOT NULL, city VARCHAR NOT NULL, grade VARCHAR NOT NULL
);
CREATE TABLE call (
  id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client (id), started_at TIMESTAMP NOT NULL,
  ended_at TIMESTAMP, channel VARCHAR NOT NULL
);
CREATE TABLE survey (
  id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client (id), year INTEGER NOT NULL, month VARCHAR NOT NULL,
  score INTEGER NOT NULL
);
CREATE TABLE pickup (
  id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client (id), day VARCHAR NOT NULL, count INTEGER NOT NULL
);

COMMENT ON TABLE client IS '客户';
COMMENT ON COLUMN client.name IS '客户姓名';
COMMENT ON COLUMN client.email IS '邮箱';
COMMENT ON COLUMN client.tier IS '等级';
COMMENT ON COLUMN client.joined_on IS '注册日期';
COMMENT ON COLUMN client.closed_on IS '注销日期';
COMMENT ON TABLE parcel IS '包裹';
COMMENT ON COLUMN parcel.order_date IS '下单日期';
COMMENT ON COLUMN parcel.delivery_date IS '送达日期';
COMMENT ON COLUMN parcel.weight IS '重量';
COMMENT ON COLUMN parcel.city IS '城市';
COMMENT ON COLUMN parcel.grade IS '级别';
COMMENT ON TABLE call IS '通话';
COMMENT ON COLUMN call.started_at IS '开始时间';
COMMENT ON COLUMN call.ended_at IS '结束时间';
COMMENT ON COLUMN call.channel IS '渠道';
COMMENT ON TABLE survey IS '调查';
COMMENT ON COLUMN survey.year IS '年份';
COMMENT ON COLUMN survey.month IS '月份';
COMMENT ON COLUMN survey.score IS '评分';
COMMENT ON TABLE pickup IS '取件';
COMMENT ON COLUMN pickup.day IS '星期';
COMMENT ON COLUMN pickup.count IS '次数';

INSERT INTO client VALUES
  (1, 'Nora Vance', 'nora@north.example', 'gold', DATE '2023-01-10', NULL),
  (2, 'Jonas Perez', 'jonas@south.example', 'silver', DATE '2023-02-01', DATE '2023-12-01'),
  (3, 'Jill Ortega', 'jill@north.org', 'Gold', DATE '2023-06-15', NULL),
  (4, 'Omar Sanchez', 'omar@south.org', 'bronze', DATE '2023-09-20', NULL),
  (5, 'Vera Joly', 'vera@north.example', 'gold plus', DATE '2024-02-05', NULL);
INSERT INTO parcel VALUES
  (1, 1, DATE '2023-01-12', DATE '2023-01-15', 2.50, 'Riverton', 'A'), (2, 1, DATE '2023-03-01', DATE '2023-03-09', 1.00, 'Riverton', 'B'),
  (3, 2, DATE '2023-02-21', DATE '2023-02-22', 7.25, 'Lakeside', 'C'), (4, 2, DATE '2023-05-02', NULL, 3.00, 'Old Lakeside', 'A'),
  (5, 3, DATE '2023-06-15', DATE '2023-06-20', 4.00, 'Lakeside', 'B'), (6, 3, DATE '2024-01-30', DATE '2024-02-02', 0.50, 'Hillview', 'A'),
  (7, 4, DATE '2023-10-01', DATE '2023-10-13', 9.00, 'Riverton', 'C'), (8, 1, DATE '2024-02-10', DATE '2024-02-14', 2.00, 'Hillview', 'A'),
  (9, 5, DATE '2024-03-04', NULL, 5.50, 'Lakeside', 'B'), (10, 1, DATE '2024-03-14', NULL, 1.50, 'Riverton', 'C');
INSERT INTO call VALUES
  (1, 1, TIMESTAMP '2024-01-05 10:00:00', TIMESTAMP '2024-01-05 10:10:00', 'phone'),
  (2, 1, TIMESTAMP '2024-02-20 09:30:00', TIMESTAMP '2024-02-20 09:35:30', 'chat'),
  (3, 2, TIMESTAMP '2023-11-11 18:00:00', TIMESTAMP '2023-11-11 18:42:00', 'phone'),
  (4, 3, TIMESTAMP '2024-03-02 12:00:00', NULL, 'chat'),
  (5, 4, TIMESTAMP '2024-03-12 08:15:00', TIMESTAMP '2024-03-12 08:16:30', 'chat'),
  (6, 5, TIMESTAMP '2024-03-10 21:00:00', TIMESTAMP '2024-03-10 21:20:00', 'phone');
INSERT INTO survey VALUES
  (1, 1, 2023, 'March', 4), (2, 2, 2023, 'March', 2), (3, 3, 2023, 'June', 5), (4, 4, 2023, 'December', 3),
  (5, 1, 2024, 'March', 5), (6, 5, 2024, 'February', 1), (7, 2, 2023, 'July', 4);
INSERT INTO pickup VALUES
  (1, 1, 'Monday', 4), (2, 1, 'Saturday', 2), (3, 2, 'Monday', 1), (4, 3, 'Friday', 6), (5, 4, 'Sunday', 3), (6, 5, 'Friday', 5);
