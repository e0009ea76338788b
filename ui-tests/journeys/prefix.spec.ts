import { expect, test } from '../lab/test';

test.use({ ownServer: { baseUrl: '/user/ada/' } });

test('G4: everything works under a base URL, and nothing without signing in', async ({
  lab,
  server
}) => {
  const strange: string[] = [];
  lab.page.on('request', request => {
    const { pathname } = new URL(request.url());
    if (request.url().startsWith('http') && !pathname.startsWith('/user/ada/')) {
      strange.push(request.url());
    }
  });
  const canvas = await lab.openWorkflow('penguins.nbflow');
  await expect(canvas.cards).toHaveCount(5);
  await lab.click(canvas.button('run-workflow'));
  await lab.drawer.succeeds();
  await lab.drawer.tab('Results');
  await lab.drawer.row('output_report').click();
  const report = lab.drawer.body.frameLocator('iframe').locator('body');
  await expect(report).toContainText('penguins were told right');
  const link = lab.drawer.row('output_report').getByRole('link', { name: 'Download' });
  await expect(link).toHaveAttribute('href', /\/user\/ada\/nbyard\/api\/artifacts\//);
  expect(strange).toEqual([]);

  const answer = await fetch(`${server.url}nbyard/api/runs`);
  expect(answer.status).toBe(403);
});
