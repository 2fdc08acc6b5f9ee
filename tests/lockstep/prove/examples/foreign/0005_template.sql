CREATE TABLE {{ name }} (id bigint);
