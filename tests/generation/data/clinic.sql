-- A clinic with Chinese comments, for questions in Chinese. No ties where a question asks for the most.
CREATE TABLE department (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, floor INTEGER NOT NULL);
CREATE TABLE doctor (
  id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, department_id INTEGER NOT NULL REFERENCES department (id),
  title VARCHAR NOT NULL, hire_date DATE NOT NULL, salary INTEGER NOT NULL
);
CREATE TABLE patient (
  id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, gender VARCHAR NOT NULL, age INTEGER NOT NULL,
  city VARCHAR NOT NULL, phone VARCHAR
);
CREATE TABLE visit (
  id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL REFERENCES patient (id),
  doctor_id INTEGER NOT NULL REFERENCES doctor (id), visit_date DATE NOT NULL, fee DECIMAL(10, 2) NOT NULL,
  diagnosis VARCHAR NOT NULL
);
CREATE TABLE drug (
  id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, category VARCHAR NOT NULL, unit_price DECIMAL(10, 2) NOT NULL,
  stock INTEGER NOT NULL
);
CREATE TABLE prescription (
  id INTEGER PRIMARY KEY, visit_id INTEGER NOT NULL REFERENCES visit (id),
  drug_id INTEGER NOT NULL REFERENCES drug (id), quantity INTEGER NOT NULL
);

COMMENT ON TABLE department IS '科室';
COMMENT ON COLUMN department.name IS '科室名称';
COMMENT ON COLUMN department.floor IS '楼层';
COMMENT ON TABLE doctor IS '医生';
COMMENT ON COLUMN doctor.name IS '医生姓名';
COMMENT ON COLUMN doctor.department_id IS '所属科室编号';
COMMENT ON COLUMN doctor.title IS '职称';
COMMENT ON COLUMN doctor.hire_date IS '入职日期';
COMMENT ON COLUMN doctor.salary IS '月薪，工资';
COMMENT ON TABLE patient IS '患者，病人';
COMMENT ON COLUMN patient.name IS '患者姓名';
COMMENT ON COLUMN patient.gender IS '性别；M=男，F=女';
COMMENT ON COLUMN patient.age IS '年龄';
COMMENT ON COLUMN patient.city IS '城市';
COMMENT ON COLUMN patient.phone IS '电话';
COMMENT ON TABLE visit IS '就诊记录，就诊';
COMMENT ON COLUMN visit.visit_date IS '就诊日期';
COMMENT ON COLUMN visit.fee IS '诊疗费，费用';
COMMENT ON COLUMN visit.diagnosis IS '诊断';
COMMENT ON TABLE drug IS '药品';
COMMENT ON COLUMN drug.name IS '药品名称';
COMMENT ON COLUMN drug.category IS '药品类别，类别';
COMMENT ON COLUMN drug.unit_price IS '单价';
COMMENT ON COLUMN drug.stock IS '库存';
COMMENT ON TABLE prescription IS '处方';
COMMENT ON COLUMN prescription.quantity IS '开药数量';

INSERT INTO department VALUES (1, '内科', 2), (2, '外科', 3), (3, '儿科', 1), (4, '眼科', 4), (5, '中医科', 5);
INSERT INTO doctor VALUES
  (1, '王海涛', 1, '主任医师', DATE '2005-03-01', 32000), (2, '李思敏', 1, '主治医师', DATE '2015-07-15', 21000),
  (3, '赵立新', 2, '主任医师', DATE '2008-09-01', 35000), (4, '陈晓梅', 3, '主治医师', DATE '2018-02-20', 19500),
  (5, '孙志强', 3, '住院医师', DATE '2021-08-10', 12500), (6, '周雅琴', 4, '副主任医师', DATE '2011-05-06', 26000),
  (7, '吴文博', 1, '住院医师', DATE '2022-11-03', 12000);
INSERT INTO patient VALUES
  (1, '何建国', 'M', 67, '北京', '13800000001'), (2, '林小雨', 'F', 28, '上海', NULL),
  (3, '郭子轩', 'M', 9, '北京', '13800000003'), (4, '唐美玲', 'F', 45, '广州', '13800000004'),
  (5, '许天佑', 'M', 36, '上海', NULL), (6, '冯静怡', 'F', 52, '北京', '13800000006'),
  (7, '邓伟明', 'M', 73, '深圳', '13800000007'), (8, '曹若兰', 'F', 19, '广州', NULL);
INSERT INTO visit VALUES
  (1, 1, 1, DATE '2023-01-12', 180.00, '高血压'), (2, 1, 1, DATE '2023-03-05', 150.00, '高血压'),
  (3, 1, 6, DATE '2023-05-20', 320.00, '白内障'), (4, 2, 2, DATE '2023-02-14', 90.00, '感冒'),
  (5, 2, 3, DATE '2023-11-08', 560.00, '阑尾炎'), (6, 3, 4, DATE '2023-04-02', 120.00, '感冒'),
  (7, 3, 4, DATE '2023-12-19', 135.00, '肺炎'), (8, 3, 5, DATE '2024-01-25', 80.00, '感冒'),
  (9, 4, 1, DATE '2023-06-30', 210.00, '糖尿病'), (10, 4, 2, DATE '2024-02-03', 195.00, '糖尿病'),
  (11, 5, 3, DATE '2024-02-18', 880.00, '骨折'), (12, 6, 1, DATE '2024-01-09', 165.00, '高血压'),
  (13, 6, 6, DATE '2024-03-01', 275.00, '近视'), (14, 1, 2, DATE '2024-03-06', 140.00, '感冒'),
  (15, 7, 1, DATE '2022-12-28', 230.00, '高血压'), (16, 3, 4, DATE '2024-02-27', 110.00, '感冒');
INSERT INTO drug VALUES
  (1, '阿莫西林', '抗生素', 18.50, 500), (2, '布洛芬', '止痛药', 12.00, 800), (3, '硝苯地平', '降压药', 45.00, 220),
  (4, '二甲双胍', '降糖药', 30.00, 150), (5, '头孢克肟', '抗生素', 36.00, 90), (6, '板蓝根', '中成药', 15.00, 1000),
  (7, '人工泪液', '眼用药', 52.00, 60);
INSERT INTO prescription VALUES
  (1, 1, 3, 2), (2, 2, 3, 3), (3, 4, 2, 1), (4, 4, 6, 2), (5, 5, 1, 4), (6, 6, 6, 3), (7, 7, 5, 2), (8, 7, 1, 1),
  (9, 9, 4, 2), (10, 10, 4, 3), (11, 11, 2, 5), (12, 12, 3, 2), (13, 13, 7, 1), (14, 14, 2, 2), (15, 8, 2, 1),
  (16, 16, 6, 2), (17, 14, 6, 1);
