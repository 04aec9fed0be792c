-- Mountain huts, for questions in English. No two rows tie where a question asks for the most of something.
CREATE TABLE region (region_id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL);
CREATE TABLE hut (
  hut_id INTEGER PRIMARY KEY, name TEXT NOT NULL, region_id INTEGER NOT NULL REFERENCES region (region_id),
  altitude INTEGER NOT NULL, beds INTEGER NOT NULL, opened_year INTEGER NOT NULL, website TEXT
);
CREATE TABLE warden (
  warden_id INTEGER PRIMARY KEY, hut_id INTEGER NOT NULL REFERENCES hut (hut_id), first_name TEXT NOT NULL,
  last_name TEXT NOT NULL, birth_date DATE NOT NULL, salary REAL NOT NULL, phone TEXT
);
CREATE TABLE hiker (
  hiker_id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT NOT NULL, age INTEGER NOT NULL, email TEXT
);
CREATE TABLE stay (
  stay_id INTEGER PRIMARY KEY, hut_id INTEGER NOT NULL REFERENCES hut (hut_id),
  hiker_id INTEGER NOT NULL REFERENCES hiker (hiker_id), arrival_date DATE NOT NULL,
  nights INTEGER NOT NULL, price REAL NOT NULL
);
CREATE TABLE repair (
  repair_id INTEGER PRIMARY KEY, hut_id INTEGER NOT NULL REFERENCES hut (hut_id), part TEXT NOT NULL,
  cost REAL NOT NULL, repair_date DATE NOT NULL
);
CREATE TABLE trail (
  trail_id INTEGER PRIMARY KEY, title TEXT NOT NULL, length_km REAL NOT NULL, difficulty TEXT NOT NULL
);
CREATE TABLE trail_stop (
  trail_id INTEGER NOT NULL REFERENCES trail (trail_id), hut_id INTEGER NOT NULL REFERENCES hut (hut_id),
  stage INTEGER NOT NULL, PRIMARY KEY (trail_id, hut_id)
);

INSERT INTO region VALUES (1, 'Verwall', 'Austria'), (2, 'Silvretta', 'Austria'), (3, 'Rofan', 'Austria'),
  (4, 'Brenta', 'Italy'), (5, 'Albula', 'Switzerland');
INSERT INTO hut VALUES
  (1, 'Larkspur Hut', 1, 2280, 48, 1898, 'larkspur.example'), (2, 'Marmot Lodge', 1, 1950, 30, 1931, NULL),
  (3, 'Eagle House', 2, 2640, 75, 1911, 'eagle.example'), (4, 'Gentian Cabin', 2, 2105, 22, 1987, NULL),
  (5, 'Rifugio Sella', 4, 2410, 60, 1905, 'sella.example'), (6, 'Rifugio Alba', 4, 1710, 36, 2004, NULL),
  (7, 'Ibex Shelter', 5, 2890, 12, 1974, 'ibex.example'), (8, 'Pine Hut', 3, 1520, 18, 1962, NULL),
  (9, 'Granite Refuge', 5, 2550, 40, 1959, NULL);
INSERT INTO warden VALUES
  (1, 1, 'Jonas', 'Moser', '1971-04-02', 2900, '555-0101'), (2, 1, 'Hanna', 'Pichler', '1990-09-17', 2350, NULL),
  (3, 2, 'Ruth', 'Egger', '1984-01-30', 2500, '555-0103'), (4, 3, 'Klaus', 'Brandl', '1966-11-08', 3150, '555-0104'),
  (5, 3, 'Ines', 'Moser', '1995-06-21', 2200, NULL), (6, 3, 'Paul', 'Winkler', '1988-03-13', 2600, '555-0106'),
  (7, 5, 'Carla', 'Rossi', '1979-08-25', 2750, '555-0107'), (8, 7, 'Urs', 'Caduff', '1968-12-05', 3050, NULL);
INSERT INTO hiker VALUES
  (1, 'Amelie Stark', 'Munich', 29, 'amelie@mail.example'), (2, 'Ben Foster', 'London', 41, NULL),
  (3, 'Chiara Conti', 'Milan', 35, 'chiara@mail.example'), (4, 'David Lang', 'Vienna', 58, 'david@post.example'),
  (5, 'Eva Horvat', 'Vienna', 24, NULL), (6, 'Felix Braun', 'Munich', 33, 'felix@post.example'),
  (7, 'Greta Olsen', 'Oslo', 47, 'greta@mail.example'), (8, 'Hugo Martin', 'Vienna', 62, NULL);
INSERT INTO stay VALUES
  (1, 1, 1, '2023-06-18', 2, 84), (2, 1, 3, '2023-07-02', 1, 45), (3, 1, 4, '2023-07-15', 3, 120.5),
  (4, 1, 6, '2023-08-09', 2, 88), (5, 2, 1, '2023-08-11', 1, 39), (6, 2, 5, '2023-09-01', 2, 70),
  (7, 3, 2, '2023-07-20', 4, 210), (8, 3, 4, '2023-07-22', 2, 104), (9, 3, 6, '2023-08-14', 1, 52),
  (10, 3, 1, '2024-01-06', 3, 165), (11, 3, 3, '2024-02-10', 2, 110), (12, 4, 2, '2023-09-12', 1, 33),
  (13, 5, 3, '2023-06-30', 5, 240), (14, 5, 4, '2023-10-03', 1, 50), (15, 5, 1, '2024-02-24', 2, 98),
  (16, 7, 6, '2023-08-16', 1, 61), (17, 7, 4, '2024-03-02', 2, 118), (18, 6, 7, '2023-09-30', 6, 175),
  (19, 3, 1, '2022-08-01', 2, 96), (20, 1, 7, '2022-07-05', 1, 40);
INSERT INTO repair VALUES
  (1, 1, 'roof', 5200, '2023-05-10'), (2, 1, 'stove', 640, '2023-10-21'), (3, 3, 'roof', 8100, '2022-05-30'),
  (4, 3, 'water pipe', 1250, '2023-05-25'), (5, 5, 'solar panel', 3900, '2023-04-18'),
  (6, 6, 'roof', 2700, '2024-01-15'), (7, 7, 'stove', 480, '2024-02-01');
INSERT INTO trail VALUES
  (1, 'Ridge Way', 42.5, 'hard'), (2, 'Lake Loop', 18, 'easy'), (3, 'Glacier Traverse', 61, 'extreme'),
  (4, 'Old Salt Road', 33, 'moderate'), (5, 'Meadow Path', 12.5, 'easy');
INSERT INTO trail_stop VALUES
  (1, 1, 1), (1, 2, 2), (1, 3, 3), (2, 2, 1), (2, 8, 2), (3, 3, 1), (3, 4, 2), (3, 7, 3), (3, 1, 4),
  (4, 5, 1), (4, 6, 2);
