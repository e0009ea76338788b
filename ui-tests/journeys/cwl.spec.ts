import { readFile, writeFile } from 'node:fs/promises';
import { violationsIn } from '../lab/axe';
import { expect, test } from '../lab/test';

/** With files beside others, and an optional record. */
const TOOL = `#!/usr/bin/env cwl-runner
cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'wc -l < "$1" > rows.txt; cat "$1.units" >> rows.txt; echo "$2 $3" > rows.txt.note; cat rows.txt']
arguments: [count, $(inputs.table)]
inputs:
  table:
    type: File
    format: iana:text/csv
    secondaryFiles: [.units]
  style:
    type:
      - "null"
      - type: record
        fields:
          word: {type: string, inputBinding: {position: 1}}
outputs:
  rows: {type: File, outputBinding: {glob: rows.txt}, secondaryFiles: [.note]}
  said: {type: stdout}
stdout: said.txt
$namespaces: {iana: "https://www.iana.org/assignments/media-types/"}
`;

const VIEW = '.jp-MainAreaWidget:not(.lm-mod-hidden) .nby-View';

test(
  'E13, G6: a tool of CWL is registered from the panel, run on the canvas and exported again, by keyboard',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const { page, canvas } = lab;
    const clean = async (name: string, place: string) => {
      const violations = await violationsIn(page, place);
      expect(violations.map(({ id, nodes }) => [id, nodes.map(node => node.html)])).toEqual([]);
      await page.screenshot({ path: info.outputPath(`${name}.png`) });
    };
    await writeFile(server.file('units.txt'), 'mm\n');
    for (const path of ['penguins.csv', 'units.txt']) {
      await server.post('datasets', { source: { kind: 'file', path } });
    }
    await lab.panel();
    const file = { name: 'tally.cwl', content: Buffer.from(TOOL) };
    await lab.choose(lab.panelButton('upload-executable'), file);
    const view = page.locator(VIEW);
    await expect(view.getByRole('heading')).toContainText('Register “tally”');
    await expect(view.getByLabel('Role of table_units')).toHaveValue('input');
    await expect(view.getByLabel('Format of table', { exact: true })).toHaveValue('csv');
    await expect(view.getByLabel('Role of rows_note')).toHaveValue('output');
    await expect(view.getByLabel('Help of table_units')).toHaveValue(/with \.units$/);
    await clean('form', VIEW);
    await view.getByLabel('Name', { exact: true }).press('Enter');
    await expect(view.getByRole('heading', { name: 'tally' })).toBeFocused();
    await expect(lab.row('executable', 'tally')).toContainText('table_units');

    const download = page.waitForEvent('download');
    await view.getByRole('button', { name: 'Export as CWL' }).focus();
    await lab.press('Enter');
    const saved = await download;
    expect(saved.suggestedFilename()).toBe('tally.cwl');
    const text = await readFile(await saved.path(), 'utf8');
    expect(text).toContain('class: CommandLineTool');
    expect(text).toMatch(/secondaryFiles:\n\s+- pattern: \.units\n\s+required: true/);
    expect(text).not.toContain('nbyard:Description');
    await clean('registered', VIEW);

    await lab.tab('Launcher').click();
    await lab.tile('New Workflow').click();
    await expect(canvas.stage).toBeFocused(); // a tab takes the focus once it is there
    await canvas.palette.getByText('Elsewhere').press('Enter');
    for (const name of ['tally', 'penguins.csv', 'units.txt']) {
      await canvas.row(name).press('Enter');
      await expect(canvas.card(name)).toBeFocused();
    }
    await canvas.connect(['penguins.csv', 'data'], ['tally', 'table']);
    await canvas.connect(['units.txt', 'data'], ['tally', 'table_units']);
    await canvas.button('run-workflow').click();
    await lab.drawer.succeeds();
    await lab.drawer.tab('Results');
    await expect(lab.drawer.row('rows_note')).toBeVisible();
    await lab.drawer.row('said').click();
    await expect(lab.drawer.body).toContainText('345');
    await clean('result', '#jp-down-stack .nby-RunView');

    // what was exported is the same tool
    const again = { name: 'again.cwl', content: Buffer.from(text) };
    await lab.choose(lab.panelButton('upload-executable'), again);
    await expect(view.getByRole('heading')).toContainText('Register “again”');
    await expect(view.getByLabel('Role of table_units')).toHaveValue('input');
    await expect(view.getByLabel('Role of rows_note')).toHaveValue('output');
  }
);
