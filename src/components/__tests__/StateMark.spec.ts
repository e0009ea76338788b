import { TranslationBundle } from '@jupyterlab/translation';
import { stateText } from '../StateMark';

it('K5: a state is translated by itself: a list of rows does not translate all states', () => {
  const __ = jest.fn((text: string) => text.toUpperCase());
  const trans = { __ } as unknown as TranslationBundle;
  expect(stateText('running', trans)).toBe('RUNNING');
  expect(stateText('of-a-newer-server', trans)).toBe('of-a-newer-server');
  expect(__.mock.calls).toEqual([['running']]);
});
