import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { RowList } from '../../../components/RowList';
import { openSections } from '../../frame/openSections';
import { SearchBox } from '../../frame/Search';
import { Section } from '../Section';

const trans = nullTranslator.load('nbyard');
const commands = new CommandRegistry();
commands.addCommand('nbyard:create-thing', { label: 'New Thing', execute: () => undefined });

/** A collection whose items the test sets. */
class Things {
  items: { id: string }[] = [];
  more = false;
  state = 'ready' as 'ready' | 'failed';
  changed = new Signal<object, void>(this);
  start = jest.fn(async () => undefined);

  set(count: number): void {
    this.items = Array.from({ length: count }, (_, place) => ({ id: `${place}` }));
    act(() => this.changed.emit());
  }
}

let noun = 0;

function show(props: Partial<Parameters<typeof Section>[0]> = {}): Things {
  const collection = new Things();
  render(
    <Section
      noun={`thing ${++noun}`}
      title="Things"
      collection={collection as never}
      buttons={['create-thing']}
      commands={commands}
      trans={trans}
      {...props}
    >
      {props.children ?? 'body'}
    </Section>
  );
  return collection;
}

const head = () => screen.getByRole('button', { name: 'Things' });
const isOpen = () => head().getAttribute('aria-expanded') === 'true';

afterEach(cleanup);

describe('a section of the sidebar', () => {
  it('is one line while it is empty, and opens to say more', () => {
    show({ isOpen: true });
    expect(screen.getByText('none yet')).toBeTruthy();
    expect(screen.queryByText('body')).toBeNull();
    expect(screen.getByRole('button', { name: 'New Thing' })).toBeTruthy();
    fireEvent.click(head());
    expect(screen.getByText('body')).toBeTruthy();
  });

  it.each(['loads', 'fails'])('loads its items when what comes before it %s', async outcome => {
    let settle: () => void = () => undefined;
    const after = new Promise<void>((loaded, failed) => {
      settle = outcome === 'loads' ? loaded : () => failed(new Error('gone'));
    });
    const things = show({ after });
    await act(async () => undefined);
    expect(things.start).not.toHaveBeenCalled();
    await act(async () => settle());
    expect(things.start).toHaveBeenCalledTimes(1);
    expect(show().start).toHaveBeenCalledTimes(1);
  });

  it('opens with its first item, and stays open without its last', () => {
    const things = show({ isOpen: true });
    things.set(2);
    expect([isOpen(), screen.getByText('2').textContent]).toEqual([true, '2']);
    things.set(0);
    expect([isOpen(), !!screen.getByText('none yet')]).toEqual([true, true]);
  });

  it('shows the first rows of a long list, and the others on a click', () => {
    const ids = Array.from({ length: 9 }, (_, place) => ({ id: `${place}` }));
    const list = (items: typeof ids) => (
      <RowList
        label="Things"
        noun="thing"
        items={items}
        idOf={({ id }) => id}
        nameOf={({ id }) => id}
        render={({ id }) => id}
      />
    );
    show({ isOpen: true, children: list(ids) }).set(9);
    const count = () => screen.getAllByRole('row').length;
    expect(count()).toBe(4); // as many as fit a low window
    fireEvent.click(screen.getByRole('button', { name: 'Show More (5)' }));
    expect(count()).toBe(9);
    fireEvent.click(screen.getByRole('button', { name: 'Show Fewer' }));
    expect(count()).toBe(4);
    cleanup();
    show({ isOpen: true, children: list(ids.slice(4)) }).set(5);
    expect(count()).toBe(5); // no button in place of a single row
  });

  it('counts in its head what a search finds', () => {
    const box = (items: object[], text: string) => {
      const search = { items, text, setText: () => undefined, offered: true };
      return <SearchBox search={search} label="Search" trans={trans} />;
    };
    show({ isOpen: true, children: box([{}, {}], 'x') }).set(9);
    expect(screen.getByText('2 of 9')).toBeTruthy();
    cleanup();
    show({ isOpen: true, children: box([{}, {}], '') }).set(9);
    expect(screen.getByText('9')).toBeTruthy();
  });

  it('counts rows that are loaded later as rows to show', () => {
    const items = Array.from({ length: 9 }, (_, place) => ({ id: `${place}` }));
    const row = ({ id }: { id: string }) => id;
    const list = { label: 'Things', noun: 'thing', items, idOf: row, nameOf: row, render: row };
    show({ isOpen: true, children: <RowList {...list} beyond={30} /> }).set(39);
    expect(screen.getByRole('button', { name: 'Show More (35)' })).toBeTruthy();
  });

  it('stays closed where it is closed at first, until somebody opens it or it fails', () => {
    const things = show();
    things.set(3);
    expect(isOpen()).toBe(false);
    act(() => openSections.set(`thing ${noun}`, true));
    expect(isOpen()).toBe(true);
    cleanup();
    const others = show();
    others.state = 'failed';
    others.set(0);
    expect(isOpen()).toBe(true);
    others.state = 'ready';
    others.set(3);
    expect(isOpen()).toBe(true); // somebody pressed Try Again in it
  });

  it('is open while it is busy, and counts what its collection does not know', () => {
    show({ isBusy: true, more: 3 });
    expect([isOpen(), !!screen.getByText('3')]).toEqual([true, true]);
  });

  it('cannot be closed while it is busy or failed, and stores no choice', () => {
    const isFixed = () => head().getAttribute('aria-disabled') === 'true';
    const things = show({ isOpen: true });
    things.set(1);
    expect(isFixed()).toBe(false);
    things.state = 'failed';
    things.set(1);
    fireEvent.click(head());
    expect([isFixed(), isOpen(), openSections.get(`thing ${noun}`)]).toEqual([
      true,
      true,
      undefined
    ]);
    things.state = 'ready';
    things.set(1);
    expect([isFixed(), isOpen()]).toEqual([false, true]);
    fireEvent.click(head());
    expect(isOpen()).toBe(false);
  });
});

describe('the open sections', () => {
  it('are restored, and stored when they change', async () => {
    const saved: unknown[] = [];
    const state = {
      fetch: async () => ({ restored: false }),
      save: async (_: string, value: unknown) => void saved.push(value)
    };
    await openSections.restore(state as never);
    expect(openSections.get('restored')).toBe(false);
    openSections.set('restored', true);
    expect(saved).toEqual([expect.objectContaining({ restored: true })]);
  });
});
