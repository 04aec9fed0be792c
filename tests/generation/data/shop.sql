-- A bike shop, for verbs of events, answers of yes and no, and other words for values. Clients and bikes meet in sales and in reviews.
CREATE TABLE client (client_id INTEGER PRIMARY KEY, full_name TEXT NOT NULL, city TEXT NOT NULL, gender TEXT NOT NULL, is_active INTEGER NOT NULL, married BOOLEAN, joined_on DATE NOT NULL);
CREATE TABLE genre (genre_id INTEGER PRIMARY KEY, title TEXT NOT NULL);
CREATE TABLE bike (bike_id INTEGER PRIMARY KEY, model TEXT NOT NULL, genre_id INTEGER NOT NULL REFERENCES genre(genre_id), price REAL NOT NULL, color TEXT NOT NULL, discontinued INTEGER NOT NULL);
CREATE TABLE shop (shop_id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL);
CREATE TABLE sales (sale_id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client(client_id), shop_id INTEGER REFERENCES shop(shop_id), sold_at DATE NOT NULL, channel TEXT NOT NULL, is_paid INTEGER NOT NULL, shipped_on DATE);
CREATE TABLE sale_line (line_id INTEGER PRIMARY KEY, sale_id INTEGER NOT NULL REFERENCES sales(sale_id), bike_id INTEGER NOT NULL REFERENCES bike(bike_id), quantity INTEGER NOT NULL, amount REAL NOT NULL);
CREATE TABLE review (review_id INTEGER PRIMARY KEY, client_id INTEGER NOT NULL REFERENCES client(client_id), bike_id INTEGER NOT NULL REFERENCES bike(bike_id), stars INTEGER NOT NULL, written_on DATE NOT NULL);
CREATE TABLE bike_return (return_id INTEGER PRIMARY KEY, line_id INTEGER NOT NULL REFERENCES sale_line(line_id), returned_on DATE NOT NULL, quantity INTEGER NOT NULL, reason TEXT NOT NULL);
INSERT INTO client VALUES (1,'Ada Novak','Lisbon','F',1,1,'2021-01-02'),(2,'Bo Chen','Porto','M',0,0,'2022-02-02'),(3,'Cy Dunn','Lisbon','M',1,NULL,'2023-05-05'),(4,'Di Evans','Faro','F',0,1,'2023-06-06');
INSERT INTO genre VALUES (1,'Mountain'),(2,'Road'),(3,'Kids');
INSERT INTO bike VALUES (1,'Alpha',1,1200,'red',0),(2,'Beta',2,2100,'blue',0),(3,'Gamma',3,300,'red',1),(4,'Delta',2,1800,'green',0);
INSERT INTO shop VALUES (1,'Harbour','Lisbon'),(2,'Hill','Porto');
INSERT INTO sales VALUES (1,1,1,'2023-01-05','store',1,'2023-01-08'),(2,1,NULL,'2023-06-05','online',1,'2023-07-08'),(3,2,2,'2024-02-01','store',0,NULL),(4,3,NULL,'2023-03-03','mobile',1,'2023-03-05');
INSERT INTO sale_line VALUES (1,1,1,1,1200),(2,1,3,2,600),(3,2,2,1,2100),(4,3,1,1,1200),(5,4,1,3,3600);
INSERT INTO review VALUES (1,1,1,5,'2023-02-02'),(2,2,2,3,'2024-03-01'),(3,4,1,4,'2023-09-09');
INSERT INTO bike_return VALUES (1,2,'2023-01-20',1,'broken'),(2,5,'2023-03-30',2,'too big');
