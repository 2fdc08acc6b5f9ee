CREATE DATABASE bookkeeping_reports;
