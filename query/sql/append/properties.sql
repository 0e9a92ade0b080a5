INSERT OR REPLACE INTO properties
SELECT name, value
FROM appender_data;
