import { defineConfig } from '@playwright/test';

/** The browser of the system: nothing is fetched. */
const executablePath = process.env.CHROMIUM || '/usr/bin/chromium-headless-shell';

export default defineConfig({
  testDir: 'journeys',
  outputDir: 'test-results',
  // limits for a machine that other tests keep busy
  timeout: 300_000,
  expect: { timeout: 40_000 },
  globalSetup: './lab/run.ts',
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  reporter: process.env.PLAYWRIGHT_JUNIT_OUTPUT_NAME ? [['list'], ['junit']] : [['list']],
  use: {
    actionTimeout: 40_000,
    viewport: { width: 1440, height: 900 },
    video: 'off',
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync'
      ]
    }
  }
});
