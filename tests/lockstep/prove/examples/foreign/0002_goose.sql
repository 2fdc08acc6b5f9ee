-- +goose Up
CREATE TABLE IF NOT EXISTS goosed (id bigint PRIMARY KEY);
-- +goose Down
DROP TABLE goosed;
