// Written by `lockstep init --platform railway`, and yours to change. The Railway CLI (5.42.1 or newer) reads it:
//   railway link && railway config plan        (look: the file stands for the whole environment, what is not in it is deleted)
//   railway config apply && railway up
// For a project that is there already, `railway config pull` first, and take over from here what the service lacks; or set the
// variables alone, and the healthcheck path in the service's settings:
//   railway variable set --skip-deploys --service $name RAILWAY_HEALTHCHECK_TIMEOUT_SEC=$window \
//     RAILWAY_DEPLOYMENT_OVERLAP_SECONDS=$overlap RAILWAY_DEPLOYMENT_DRAINING_SECONDS=$leave
//
// Why not railway.json or railway.toml: they stop being read on 2026-12-01, and new services cannot use them any more. Of the three
// languages of this form TypeScript is the one that is generally available; Python and Go are in beta.
// How far this is verified: the types of the npm package `railway` 3.11.0. They know deploy.overlapSeconds and
// deploy.drainingSeconds, too, of which Railway's documents say nothing; the variables are documented, so they are what is used.
import { defineRailway, postgres, project, service } from "railway/iac";

export default defineRailway(() => {
  const database = postgres("postgres");

  const web = service("$name", {
    // No build, no start: Railway builds the Dockerfile at the root, and runs its CMD. PORT is Railway's.
    // Without a healthcheck a release is active as soon as its container starts, and clients get 502 for the whole boot. Railway
    // asks until the first 200 and never again, as the host healthcheck.railway.app: the health addresses are answered before
    // the application's own list of allowed hosts is.
    healthcheck: "/api/health",
    env: {
      // Where Railway's PgBouncer is put before the database, DATABASE_URL leads there, and DATABASE_UNPOOLED_URL to the server:
      // refer to both. The boot takes the direct one.
      DATABASE_URL: database.env.DATABASE_URL,
      // connect ($connect_wait s) + lock ($lock_wait s) + files ($files s, $files_from) + services ($start_timeout s), and 30 s more:
      // Railway asks ever more rarely, up to 30 s apart. The default is 300.
      RAILWAY_HEALTHCHECK_TIMEOUT_SEC: "$window",
      // The default is 0: the old release is told to go in the moment in which the new one is to take over. While both serve,
      // the old one works on the new schema.
      RAILWAY_DEPLOYMENT_OVERLAP_SECONDS: "$overlap",
      // The default is 0: SIGKILL together with SIGTERM, and every request in flight is lost. drain ($drain_timeout s) + stop ($stop_timeout s) + 5 s.
      RAILWAY_DEPLOYMENT_DRAINING_SECONDS: "$leave",
    },
  });

  return project("$name", { resources: [database, web] });
});
