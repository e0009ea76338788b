import { fakeClient } from '../../../api/__tests__/fake';
import { EventStream } from '../../../api/eventStream';
import { IYard } from '../../../api/yard';
import { Artifact, artifactsOf, inputNames } from '../collection';

describe('A5: artifacts', () => {
  it('are known by their runs, and read when they are first shown', async () => {
    let asked = 0;
    const client = fakeClient(() => {
      asked++;
      return { items: [{ name: 'one', run_id: 'r1' }] };
    });
    const stream = new EventStream(client);
    jest.spyOn(stream, 'start').mockResolvedValue(undefined);
    const yard = { client, stream } as IYard;
    const artifacts = artifactsOf(yard);
    expect(artifactsOf(yard)).toBe(artifacts);
    expect(asked).toBe(0);
    await artifacts.start();
    expect(artifacts.items.map(({ id, name }) => [id, name])).toEqual([['r1', 'one']]);
    expect(asked).toBe(1);
  });

  it.each([
    ['succeeded', ['table'], ['one']],
    ['succeeded', ['table', 'plot'], ['one.table', 'one.plot']],
    ['failed', ['table'], []]
  ])('one that %s with %j is offered as %j', (state, files, names) => {
    const artifact = { name: 'one', state, files: files.map(name => ({ name })) };
    expect(inputNames(artifact as Artifact)).toEqual(names);
  });
});
