CREATE TABLE main.conformance.rows (
  id BIGINT NOT NULL,
  ok BOOLEAN,
  tiny TINYINT,
  small SMALLINT,
  count INT,
  score DOUBLE,
  ratio FLOAT,
  name STRING,
  raw BINARY,
  price DECIMAL(10, 2),
  day DATE,
  at TIMESTAMP,
  wall TIMESTAMP_NTZ,
  tags ARRAY<STRING>,
  place STRUCT<x: INT NOT NULL, label: STRING>,
  attributes MAP<STRING, BIGINT>
) USING DELTA;
