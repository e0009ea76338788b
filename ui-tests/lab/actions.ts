/**
 * The main tasks of a user, the most actions that each may take, and the page that says how many
 * it takes. The journeys count: clicks, drags and keys, but not the typing of text. Without a
 * pointer, most tasks need more: the palette takes two keys, and each Tab is one.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Reporter, TestCase, TestResult } from '@playwright/test/reporter';

export const TASKS = {
  example: { title: 'From the launcher to the results of the example', most: 2, keys: 3 },
  own: {
    title: 'From a folder of notebooks that never ran to the answer of their deployed model',
    most: 5
  },
  endpoint: {
    title: 'From a CSV over two notebooks to an answer of a live endpoint',
    most: 8,
    keys: 18
  },
  background: { title: 'Run the open notebook in the background', most: 2, keys: 3 },
  schedule: { title: 'Schedule a workflow, with a mail if it fails', most: 3, keys: 6 },
  notebook: { title: 'Schedule the open notebook, with a mail if it fails', most: 3, keys: 6 },
  retry: { title: 'Correct a failed cell and continue the run', most: 3, keys: 6 },
  model: { title: 'Deploy a model class from the file browser', most: 3, keys: 6 },
  sweep: { title: 'Sweep a parameter and star the best element', most: 3 },
  gpu: { title: 'Give a node a GPU', most: 2, keys: 5 },
  compare: { title: 'Compare two runs', most: 3, keys: 3 },
  share: { title: 'Copy a link that shows a run', most: 2 },
  packages: { title: 'Create an environment with packages', most: 3, keys: 4 },
  binary: { title: 'Register a binary with its arguments', most: 3, keys: 9 },
  restart: { title: 'Find a run again after the server was killed', most: 0, keys: 0 }
} satisfies Record<string, { title: string; most: number; keys?: number }>;

export type Task = keyof typeof TASKS;

/** What a journey notes about itself. */
export const NOTE = { mouse: 'actions', keys: 'actions by keyboard' } as const;
export type Way = keyof typeof NOTE;

const PAGE = join(__dirname, '../../docs/reference/actions.md');
const HEAD = `# Actions for the main tasks

Tests in Chromium count the clicks, drags and keys of each task. Typing a text does not count. A
test fails if a task needs more actions than its limit, or more than shown by keyboard alone.

| task | limit | actions | by keyboard alone |
|---|---:|---:|---:|
`;

/** Write the counts of this run to the page. In CI, fail if the page has other counts. */
export default class ActionsPage implements Reporter {
  onTestEnd({ annotations }: TestCase, { status }: TestResult): void {
    for (const [way, type] of Object.entries(NOTE)) {
      for (const note of annotations.filter(one => one.type === type && status === 'passed')) {
        const [task, count] = note.description!.split(' ');
        this.counts.set(`${task} ${way}`, count);
      }
    }
  }

  async onEnd(): Promise<{ status: 'failed' } | undefined> {
    const before = readFileSync(PAGE, 'utf8');
    const rows = Object.entries(TASKS).map(([task, { title, most }]) => {
      const known = before.split('\n').find(line => line.startsWith(`| ${title} |`)) ?? '';
      const [, , , mouse = '', keys = ''] = known.split('|').map(cell => cell.trim());
      const now = (way: Way, old: string) => this.counts.get(`${task} ${way}`) ?? old;
      return `| ${title} | ${most} | ${now('mouse', mouse)} | ${now('keys', keys)} |\n`;
    });
    const page = HEAD + rows.join('');
    if (page === before) {
      return;
    }
    if (process.env.CI) {
      console.error(`docs/reference/actions.md has other counts than this run:\n${page}`);
      return { status: 'failed' };
    }
    writeFileSync(PAGE, page);
  }

  private counts = new Map<string, string>();
}
