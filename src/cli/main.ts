#!/usr/bin/env node
import { cli } from "./cli.js";
import { EXIT } from "./errors.js";

// A reader that stops reading, or a full disk behind stdout: whatever was found out did not arrive.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE")
    process.stderr.write(`error: cannot write output: ${error.message}\n`);
  process.exit(EXIT.failed);
});

// Started with a channel to its parent, as the demo's processes are: it ends with it, however that ended.
process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
process.channel?.unref();

process.exitCode = await cli(process.argv.slice(2));
