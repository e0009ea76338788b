import { join } from 'node:path';
import { defineConfig } from '@playwright/test';

/** Starts the browser of the system: nothing is fetched. */
const executablePath = join(__dirname, 'lab/chromium.py');

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
  reporter: [
    ['list'],
    ['./lab/actions.ts'],
    ...(process.env.PLAYWRIGHT_JUNIT_OUTPUT_NAME ? [['junit'] as ['junit']] : [])
  ],
  use: {
    actionTimeout: 40_000,
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
