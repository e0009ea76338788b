/** A step is watched while it runs. */
import { writeFile } from 'node:fs/promises';
import { workflow } from '../lab/notebooks';
import { expect, test } from '../lab/test';

/** Shows a page until somebody follows its link. */
const STEP = `
import http.server, os, threading
import nbyard

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Epoch 3</h1><p><a href='end'>Enough</a></p>")
        if self.path == "/end":
            threading.Thread(target=self.server.shutdown).start()

http.server.HTTPServer((os.environ["NBYARD_HOST"], nbyard.port("web")), Page).serve_forever()
`;

test(
  'R16: a running step is watched at its Monitor link, which ends with it',
  { tag: '@long' },
  async ({ lab, server }, info) => {
    const description = { version: 1, resources: { ports: { web: 0 } } };
    await writeFile(server.file('train.py'), STEP);
    await writeFile(server.file('train.py.nbexec'), JSON.stringify(description));
    const flow = workflow({ train: { path: 'train.py', at: [0, 0] } });
    await writeFile(server.file('watched.nbflow'), flow);
    await lab.open('watched.nbflow');
    await expect(lab.canvas.card('train.py')).toBeVisible();
    await lab.canvas.button('run-workflow').click();
    const onCard = lab.canvas.card('train.py').getByRole('link', { name: 'Monitor' });
    await expect(onCard).toBeVisible({ timeout: 60_000 });
    await lab.page.screenshot({ path: info.outputPath('watched.png') });

    const row = lab.drawer.step('train');
    await row.focus();
    await lab.press('ArrowRight');
    await expect(row.getByRole('link', { name: 'Monitor' })).toBeFocused();
    const [page] = await Promise.all([lab.page.waitForEvent('popup'), lab.press('Enter')]);
    await expect(page.getByRole('heading')).toHaveText('Epoch 3');
    await page.close();
    const [again] = await Promise.all([lab.page.waitForEvent('popup'), onCard.click()]);
    await again.getByRole('link', { name: 'Enough' }).click();
    await lab.drawer.succeeds();
    await expect(onCard).toHaveCount(0);
    await expect(row.getByRole('link')).toHaveCount(0);
  }
);
