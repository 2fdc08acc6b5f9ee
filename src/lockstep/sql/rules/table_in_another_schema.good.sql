CREATE SCHEMA IF NOT EXISTS shop;
CREATE TABLE IF NOT EXISTS public.orders (id bigint PRIMARY KEY);
SET search_path = shop, public;
CREATE TABLE IF NOT EXISTS shop.orders (id bigint PRIMARY KEY);
