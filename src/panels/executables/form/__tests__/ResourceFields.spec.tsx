import { nullTranslator } from '@jupyterlab/translation';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react';
import { useState } from 'react';
import { Resources } from '../../../../api/types';
import { ResourceFields } from '../ResourceFields';

const trans = nullTranslator.load('nbyard');

const ready = { reference: 'cows:1', state: 'ready' };
const ITEMS: Record<string, object[]> = {
  'environments.list': [{ name: 'science' }],
  'images.list': [ready, ready, { reference: 'bad:1', state: 'failed' }]
};
const client = { call: async (id: string) => ({ items: ITEMS[id] }) } as never;

function Form({ first, errors }: { first: Partial<Resources>; errors: Record<string, string> }) {
  const [resources, onChange] = useState(first);
  return <ResourceFields {...{ resources, errors, client, trans, onChange }} />;
}

const show = (first: Partial<Resources>, errors: Record<string, string> = {}) =>
  void render(<Form first={first} errors={errors} />);

/** Return the summaries that hide a field: those of its closed parts. */
function closedAround(label: string): (string | null)[] {
  const found = [];
  let part = screen.getByLabelText(label).closest('details');
  for (; part; part = part.parentElement!.closest('details')) {
    if (!part.open) {
      found.unshift(part.querySelector('summary')!.textContent);
    }
  }
  return found;
}

afterEach(cleanup);

describe('the resources of an executable', () => {
  it('hide rare fields once more', () => {
    show({});
    expect(closedAround('Environment')).toEqual(['Resources']);
    expect(closedAround('GPUs')).toEqual(['Resources']);
    expect(closedAround('Image')).toEqual(['Resources', 'Image and requirements']);
    expect(closedAround('Requirements')).toEqual(['Resources', 'Image and requirements']);
  });

  it('suggest environments and images that the server has', async () => {
    show({});
    await waitFor(() => expect(document.querySelectorAll('datalist option')).toHaveLength(2));
    const offered = (label: string) =>
      [...screen.getByLabelText<HTMLInputElement>(label).list!.options].map(({ value }) => value);
    expect([offered('Environment'), offered('Image')]).toEqual([['science'], ['cows:1']]);
  });

  it('show what is set or refused, and stay open when it is cleared', () => {
    show({ gpu: 1 });
    expect(closedAround('GPUs')).toEqual([]);
    expect(closedAround('Image')).toEqual(['Image and requirements']);
    fireEvent.change(screen.getByLabelText('GPUs'), { target: { value: '' } });
    fireEvent.blur(screen.getByLabelText('GPUs'));
    expect(closedAround('GPUs')).toEqual([]);
    cleanup();
    show({ image: 'python:3' });
    expect(closedAround('Image')).toEqual([]);
    cleanup();
    show({}, { 'resources.requirements': 'is missing' });
    expect(closedAround('Requirements')).toEqual([]);
  });
});
