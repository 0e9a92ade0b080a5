SELECT name, value
FROM properties;
