import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import { fakeClient, json } from '../../../../api/__tests__/fake';
import { Environment, EnvironmentVersion } from '../../../../api/types';
import { ImageList } from '../ImageList';
import { useImages } from '../images';
import { Versions } from '../../Versions';
import { IPanelServices } from '../../../frame/services';

const trans = nullTranslator.load('nbyard');
const COWS = { id: 'e', name: 'cows', current: { state: 'ready' } } as Environment;
const IMAGES = [
  ['localhost:1/ants:1', 'pull', 'failed'],
  ['localhost:1/bees:1', 'pull', 'building'],
  ['nbyard/cows:1', 'build', 'ready']
].map(([reference, origin, state]) => ({ id: reference, reference, origin, state, reason: null }));

function Tab({ services }: { services: IPanelServices }): JSX.Element {
  const { images, add } = useImages(services, COWS);
  return <ImageList services={services} of={COWS.id} images={images} onMade={add} />;
}

/** The list as in the view of an environment, and what it asks for. */
function open() {
  const asked: string[] = [];
  const client = fakeClient(async (method, url, request) => {
    asked.push(`${method} ${url.replace(/.*\/api\//, '')} ${await request.text()}`.trim());
    const made = { ...IMAGES[1], id: 'new', reference: 'localhost:1/calf:latest' };
    if (method === 'DELETE' && !url.includes('force')) {
      return json(409, { code: 'in-use', message: 'A deployment uses it.', hint: 'Force it.' });
    }
    return method === 'POST' ? json(201, made) : json(200, { items: IMAGES });
  });
  const signal = () => new Signal<object, unknown>({});
  const stream = { events: signal(), refetch: signal(), start: async () => undefined };
  const yard = { client, stream };
  render(<Tab services={{ yard, trans } as unknown as IPanelServices} />);
  return { asked };
}

const button = (name: string) => screen.queryByRole<HTMLButtonElement>('button', { name });

describe('L4: the images of an environment', () => {
  it('are those of this environment only; what failed is not pushed', async () => {
    const { asked } = open();
    await screen.findByText('nbyard/cows:1');
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^GET .*images\?environment=e&limit=\d+$/);
    expect(button('Push nbyard/cows:1…')?.disabled).toBe(false);
    expect(button('Push localhost:1/bees:1…')?.disabled).toBe(true);
    expect(button('Push localhost:1/ants:1…')).toBeNull();
    expect(button('Remove localhost:1/ants:1…')).toBeTruthy();
  });

  it('are removed from under what uses them only after a second question', async () => {
    const { asked } = open();
    await screen.findByText('nbyard/cows:1');
    fireEvent.click(button('Remove nbyard/cows:1…')!);
    const accept = () =>
      fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
    await screen.findByText('Remove “nbyard/cows:1”?');
    accept();
    await screen.findByText('“nbyard/cows:1” is in use');
    expect(screen.getByText('A deployment uses it. Force it.')).toBeTruthy();
    accept();
    const address = 'DELETE images/nbyard%2Fcows%3A1';
    await waitFor(() =>
      expect(asked.filter(text => text.startsWith('DELETE'))).toEqual([
        address,
        `${address}?force=true`
      ])
    );
  });

  it('have with them what is pulled there', async () => {
    const { asked } = open();
    await screen.findByText('nbyard/cows:1');
    fireEvent.click(screen.getByRole('button', { name: 'Pull…' }));
    const input = await screen.findByLabelText(/^Name/);
    fireEvent.change(input, { target: { value: 'localhost:1/calf' } });
    fireEvent.click(document.querySelector('.jp-Dialog-button.jp-mod-accept')!);
    await screen.findByText('localhost:1/calf:latest');
    expect(asked[1]).toContain('images/pull');
    expect(asked[1]).toContain('{"reference":"localhost:1/calf","environment":"e"}');
  });
});

it('L1: the lock of a version is told by twelve characters that stay together', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const version = { id: 'v', number: 1, state: 'ready', digest, packages: [] };
  render(
    <Versions
      services={{ trans } as unknown as IPanelServices}
      environment={COWS}
      versions={[version as unknown as EnvironmentVersion]}
    />
  );
  const cell = screen.getByText('0123456789ab');
  expect(cell.classList).toContain('nby-Digest');
  expect(cell.title).toBe(digest);
});
