-- lockstep: no-transaction
VACUUM (FULL) orders;
