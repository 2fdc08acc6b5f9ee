-- lockstep: no-transaction
VACUUM orders;
