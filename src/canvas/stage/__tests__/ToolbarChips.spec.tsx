import { act, fireEvent, render } from '@testing-library/react';
import { CanvasContext } from '../../model/hooks';
import { bench, READINGS } from '../../model/__tests__/fakes';
import { ToolbarChips } from '../ToolbarChips';

it('names the environment and the runtime of the nodes, and problems only if there are any', async () => {
  const { canvas, executed } = await bench();
  const { container } = await act(async () =>
    render(
      <CanvasContext.Provider value={canvas}>
        <ToolbarChips />
      </CanvasContext.Provider>
    )
  );
  const texts = () => [...container.querySelectorAll('button')].map(chip => chip.textContent);
  expect(texts()).toEqual(['process']);
  const used = { id: 'e', version_id: 'v', digest: '', pinned: false, default: null };
  Object.assign(READINGS['train.ipynb'], {
    used_environment: { ...used, name: 'birds', number: 3, named_by: '' }
  });
  jest.useFakeTimers();
  act(() => canvas.doc.setField('train', 'runtime', 'docker'));
  act(() => canvas.checker.ask(0));
  await act(() => jest.advanceTimersByTimeAsync(1000));
  expect(texts()).toEqual(['env: birds 3', '2 runtimes']);
  const problems = ['a', 'b'].map(message => ({ message }));
  Object.defineProperty(canvas.checker, 'problems', { get: () => problems, set: () => undefined });
  act(() => canvas.doc.setField('clean', 'runtime', 'docker'));
  act(() => canvas.checker.ask(0));
  await act(() => jest.advanceTimersByTimeAsync(1000));
  expect(texts()).toEqual(['2 problems', 'env: birds 3', 'docker']);
  fireEvent.click(container.querySelector('button')!);
  expect(executed.map(([id]) => id)).toContain('nbyard:next-problem');
  Object.assign(READINGS['train.ipynb'], { used_environment: null });
  canvas.dispose();
  jest.useRealTimers();
});
