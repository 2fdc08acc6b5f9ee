UPDATE counters SET n = n + 1;
