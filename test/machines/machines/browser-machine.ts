import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { COLUMNS } from "../table/types.js";
import { serveTable } from "./browser-server.js";
import type { MachineUnderTest, Start } from "./machine.js";
import { CACHE, findProgram } from "./places.js";
import { killGroup, start } from "./process.js";

export interface BrowserMachine {
  readonly id: string;
  readonly title: string;
  readonly programs: readonly string[];
  /** Debian's package. */
  readonly package: string;
  /** Writes what the browser wants in a new profile; yields its arguments but for the address. */
  prepare(profile: string): readonly string[];
}

/** A browser without a window, on a page that the table is served to. */
export function browserMachine(spec: BrowserMachine): MachineUnderTest {
  return {
    id: spec.id,
    title: spec.title,
    columns: COLUMNS.filter((c) => c !== "sha-256 node"),
    emulated: false,
    async find() {
      const program = findProgram(...spec.programs);
      if (!program) return { kind: "missing", how: `on Debian: apt-get install ${spec.package}` };
      const processor = (cpus()[0]?.model ?? "unknown").trim();
      return { kind: "ready", processor, start: starter(program, spec) };
    },
  };
}

function starter(program: string, spec: BrowserMachine): Start {
  return async (request, listen, signal) => {
    mkdirSync(CACHE, { recursive: true });
    const profile = mkdtempSync(join(CACHE, "profile-"));
    const server = await serveTable(request, listen);
    const arguments_ = spec.prepare(profile);
    // A browser of its own: nothing of the user's profile, nothing left in the home folder.
    const env = { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: "1" };
    const browser = start([program, ...arguments_, server.address], signal, () => {}, env);
    try {
      const died = browser.ended.then(() => {
        throw new Error(`${spec.id} ended before the table was done`);
      });
      await Promise.race([server.done, died]);
    } finally {
      killGroup(browser.child);
      await browser.ended.catch(() => {});
      await server.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    }
  };
}

/** No first-run pages, no updates, no reports: nothing but the page. */
const FIREFOX_PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.max_script_run_time": 0,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
};

export const firefox = browserMachine({
  id: "firefox",
  title: "Firefox, SpiderMonkey",
  programs: ["firefox-esr", "firefox"],
  package: "firefox-esr",
  prepare(profile) {
    const lines = Object.entries(FIREFOX_PREFERENCES).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, "user.js"), lines.join(""));
    return ["--headless", "--no-remote", "--profile", profile];
  },
});

export const chromium = browserMachine({
  id: "chromium",
  title: "Chromium, V8",
  programs: ["chromium", "chromium-browser", "google-chrome"],
  package: "chromium",
  // The sandbox is refused to root; the page is our own.
  prepare: (profile) => [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    `--user-data-dir=${profile}`,
  ],
});
