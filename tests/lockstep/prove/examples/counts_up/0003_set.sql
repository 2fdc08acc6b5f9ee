UPDATE counters SET n = 5;
