import { focusRow } from '../focusRow';

function frame(): Promise<unknown> {
  return new Promise(resolve => requestAnimationFrame(resolve));
}

it('focuses a row that is drawn some frames later', async () => {
  document.body.innerHTML = '<div id="nbyard-sidebar"></div>';
  focusRow('dataset', 'a"b');
  for (let i = 0; i < 5; i++) {
    await frame();
  }
  const row = document.createElement('div');
  Object.assign(row, { className: 'nby-Row', tabIndex: -1 });
  Object.assign(row.dataset, { noun: 'dataset', id: 'a"b' });
  document.getElementById('nbyard-sidebar')?.append(row);
  await frame();
  await frame();
  expect(document.activeElement).toBe(row);
});
