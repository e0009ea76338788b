import { bench, READINGS } from './fakes';

jest.useFakeTimers();

async function moved() {
  const { canvas, runs } = await bench();
  const heard: string[][] = [];
  canvas.views.changed.connect((_, ids) => void heard.push([...ids]));
  const change = (id: string, state: 'queued' | 'running') => {
    runs.states.set(id, { state });
    runs.changed.emit(new Set([id]));
  };
  return { canvas, heard, change };
}

describe('states of a run', () => {
  it('are shown at once', async () => {
    const { canvas, heard, change } = await moved();
    change('clean', 'running');
    expect(heard).toEqual([['clean']]);
    canvas.dispose();
  });

  it('are shown together after a movement', async () => {
    const { canvas, heard, change } = await moved();
    canvas.views.isHeld = true;
    expect(canvas.views.get('clean')!.run).toBeUndefined();
    change('clean', 'queued');
    change('train', 'queued');
    change('clean', 'running');
    jest.advanceTimersByTime(900);
    expect(heard).toEqual([]);
    canvas.views.isHeld = false;
    expect(heard).toEqual([['clean', 'train']]);
    expect(canvas.views.get('clean')!.run!.state).toBe('running');
    jest.advanceTimersByTime(2000);
    expect(heard).toHaveLength(1);
    canvas.dispose();
  });

  it('are drawn a few in each frame of a movement', async () => {
    const { canvas, heard, change } = await moved();
    canvas.views.isHeld = true;
    ['sales', 'clean', 'train'].forEach(id => canvas.views.subscribe(id, () => undefined));
    ['sales', 'clean', 'train'].forEach(id => change(id, 'queued'));
    jest.advanceTimersByTime(1000);
    expect(heard).toHaveLength(1);
    expect(heard[0]).toHaveLength(2);
    jest.advanceTimersByTime(50);
    expect(heard.flat().sort()).toEqual(['clean', 'sales', 'train']);
    canvas.dispose();
  });

  it('are shown each second of a long movement', async () => {
    const { canvas, heard, change } = await moved();
    canvas.views.isHeld = true;
    change('clean', 'queued');
    jest.advanceTimersByTime(1000);
    change('train', 'queued');
    jest.advanceTimersByTime(1000);
    expect(heard).toEqual([['clean'], ['train']]);
    canvas.dispose();
  });
});

it('K9: a sub-workflow has the outputs that its own nodes leave, and those that are connected', async () => {
  READINGS['part.nbflow'] = {
    kind: 'workflow',
    arguments: ['a.x', 'a.y', 'b.z'].map(name => ({ name, role: 'output' })),
    passed_on: ['a.x', 'a.y']
  };
  const { canvas, settle } = await bench();
  canvas.doc.addNode('part', { type: 'executable', path: 'part.nbflow' }, [0, 0]);
  await settle();
  const outputs = () => canvas.views.get('part')!.outputs.map(({ name }) => name);
  expect(outputs()).toEqual(['b.z']);
  canvas.doc.connect({ source: 'part', output: 'a.y', target: 'train', input: 'extra' });
  expect(outputs()).toEqual(['a.y', 'b.z']);
  delete READINGS['part.nbflow'];
  canvas.dispose();
});
