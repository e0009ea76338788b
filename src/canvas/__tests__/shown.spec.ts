import { refit } from '../navigation';
import { bench, IBench } from './fakes';

jest.useFakeTimers();

let one: IBench;
beforeEach(async () => (one = await bench()));
afterEach(() => one.canvas.dispose());

describe('when the picture has another size', () => {
  it('a selected card that was in view stays there', () => {
    const { canvas } = one;
    const stage = document.createElement('div');
    stage.getBoundingClientRect = () =>
      ({ left: 0, right: 400, top: 0, bottom: 300, width: 400 }) as DOMRect;
    const setViewport = jest.fn();
    canvas.stage = stage;
    canvas.flow = {
      getViewport: () => ({ x: 0, y: 0, zoom: 1 }),
      flowToScreenPosition: (place: object) => place,
      setViewport
    } as never;
    canvas.doc.move([['clean', [600, 100]]]);
    canvas.store.select(['clean']);
    refit(canvas, { width: 500, height: 300 });
    expect(setViewport).not.toHaveBeenCalled(); // one looked elsewhere
    refit(canvas, { width: 900, height: 300 });
    expect(setViewport).toHaveBeenCalledWith({ x: -416, y: 0, zoom: 1 });
    canvas.stage = canvas.flow = undefined;
  });
});

describe('what is said', () => {
  it('goes away by itself, and of a run no later than the run ends', () => {
    const { canvas, runs } = one;
    canvas.say('Tidied.');
    jest.advanceTimersByTime(6_000);
    expect(canvas.ui.notice).toBeUndefined();
    canvas.say('The run has started.', false, 'run-1');
    const states = Object.assign(runs, { run: { id: 'run-1', state: 'running' } });
    runs.changed.emit(undefined);
    expect(canvas.ui.notice).toBeDefined();
    states.run.state = 'succeeded';
    runs.changed.emit(undefined);
    expect(canvas.ui.notice).toBeUndefined();
  });
});
