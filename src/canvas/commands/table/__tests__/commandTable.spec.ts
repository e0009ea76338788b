import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Signal } from '@lumino/signaling';
import schema from '../../../../../schema/canvas.json';
import { automationCommands } from '../../../../panels/automations/commands';
import { workflowCommands } from '../../../../panels/workflows/commands';
import * as running from '../../running';
import { addCommands } from '../registration';
import { commandTable } from '../commandTable';
import { keyRows } from '../../KeySheet';

const table = commandTable(nullTranslator.load('nbyard'));
const ids = new Set([...table.map(command => command.id), 'nbyard:create-workflow']);
const ofFiles = [automationCommands, workflowCommands].flatMap(commandsOf =>
  commandsOf(nullTranslator.load('nbyard')).map(({ id }) => id as string)
);

function named(value: unknown): string[] {
  if (Array.isArray(value)) {
    return value.flatMap(named);
  }
  if (value && typeof value === 'object') {
    return Object.entries(value).flatMap(([key, one]) =>
      key === 'command' && typeof one === 'string' && one ? [one] : named(one)
    );
  }
  return [];
}

describe('G6: every action is a command', () => {
  it('menus, toolbar and keys name commands that exist', () => {
    const others = named(schema).filter(id => !ids.has(id));
    expect(others.filter(id => !ofFiles.includes(id))).toEqual([]);
  });

  it('buttons learn at once that a canvas has come, and of many changes seldom', () => {
    jest.useFakeTimers();
    const commands = new CommandRegistry();
    const content = { changed: new Signal<unknown, void>({}), canvas: undefined as unknown };
    const widgetAdded = new Signal<unknown, unknown>({});
    const currentChanged = new Signal<unknown, unknown>({});
    const tracker = { currentWidget: { content }, widgetAdded, currentChanged };
    addCommands(commands, tracker as never, null, nullTranslator.load('nbyard'));
    const told = jest.fn();
    commands.commandChanged.connect((_, { id }) => id === 'nbyard:run-workflow' && told());
    widgetAdded.emit({ content });
    expect(commands.isEnabled('nbyard:run-workflow')).toBe(false);
    content.canvas = {};
    content.changed.emit();
    expect(told).toHaveBeenCalledTimes(1);
    expect(commands.isEnabled('nbyard:run-workflow')).toBe(true);
    Array.from({ length: 50 }).forEach(() => content.changed.emit());
    jest.runAllTimers();
    expect(told).toHaveBeenCalledTimes(2);
    jest.useRealTimers();
  });

  it('cards are aligned if there are enough of them', () => {
    const commands = new CommandRegistry();
    const canvas = { chosen: ['a', 'b'], readOnly: false };
    const tracker = {
      currentWidget: { content: { canvas } },
      widgetAdded: new Signal<unknown, unknown>({}),
      currentChanged: new Signal<unknown, unknown>({})
    };
    addCommands(commands, tracker as never, null, nullTranslator.load('nbyard'));
    const enabled = () =>
      ['align-left', 'distribute-vertically'].map(id => commands.isEnabled(`nbyard:${id}`));
    expect(enabled()).toEqual([true, false]);
    canvas.chosen = ['a'];
    expect(enabled()).toEqual([false, false]);
    canvas.chosen = ['a', 'b', 'c'];
    expect(enabled()).toEqual([true, true]);
    canvas.readOnly = true;
    expect(enabled()).toEqual([false, false]);
  });

  it('a workflow without a node to run is not run, and the button names the reason', () => {
    const commands = new CommandRegistry();
    const trans = nullTranslator.load('nbyard');
    const doc = { hasCode: false };
    const content = { canvas: { doc, trans }, actions: { running } };
    const tracker = {
      currentWidget: { content },
      widgetAdded: new Signal<unknown, unknown>({}),
      currentChanged: new Signal<unknown, unknown>({})
    };
    addCommands(commands, tracker as never, null, trans);
    const shown = () => ['run-workflow', 'check-run'].map(id => commands.isEnabled(`nbyard:${id}`));
    expect(shown()).toEqual([false, false]);
    const why = 'There is no node to run. Add a notebook or a script.';
    expect(commands.caption('nbyard:run-workflow')).toBe(why);
    doc.hasCode = true;
    expect(shown()).toEqual([true, true]);
    expect(commands.caption('nbyard:run-workflow')).toContain('Save the workflow');
  });

  it('a run can be stopped only while it waits or runs', () => {
    const commands = new CommandRegistry();
    const canvas = { isLive: false };
    const tracker = {
      currentWidget: { content: { canvas } },
      widgetAdded: new Signal<unknown, unknown>({}),
      currentChanged: new Signal<unknown, unknown>({})
    };
    addCommands(commands, tracker as never, null, nullTranslator.load('nbyard'));
    expect(commands.isEnabled('nbyard:stop-workflow')).toBe(false);
    canvas.isLive = true;
    expect(commands.isEnabled('nbyard:stop-workflow')).toBe(true);
  });

  it('the minimap is offered where there is one', () => {
    const commands = new CommandRegistry();
    const canvas = { doc: { nodes: { size: 1001 } }, ui: { minimap: true } };
    const tracker = {
      currentWidget: { content: { canvas } },
      widgetAdded: new Signal<unknown, unknown>({}),
      currentChanged: new Signal<unknown, unknown>({})
    };
    addCommands(commands, tracker as never, null, nullTranslator.load('nbyard'));
    const seen = () => {
      const id = 'nbyard:toggle-minimap';
      return [commands.isEnabled(id), commands.isToggled(id)];
    };
    expect(seen()).toEqual([false, false]);
    canvas.doc.nodes.size = 1000;
    expect(seen()).toEqual([true, true]);
  });

  it('shows the newest run of a node at a tab of Run Info, where the node ran', async () => {
    const commands = new CommandRegistry();
    const shown = jest.fn();
    commands.addCommand('nbyard:show-run', { execute: shown });
    const stateOf = (id: string) => (id === 'a' ? 'running' : undefined);
    const runs = {
      run: { id: 'r1' },
      stateOf,
      get: (id: string) => undefined as object | undefined
    };
    const canvas = { targets: ['a'], chosen: ['a'], path: 'w.nbflow', commands, runs };
    const tracker = {
      currentWidget: { content: { canvas, actions: { running } } },
      widgetAdded: new Signal<unknown, unknown>({}),
      currentChanged: new Signal<unknown, unknown>({})
    };
    addCommands(commands, tracker as never, null, nullTranslator.load('nbyard'));
    await commands.execute('nbyard:show-node-logs');
    expect(shown).toHaveBeenCalledWith(
      expect.objectContaining({ id: 'r1', path: 'w.nbflow', node: 'a', tab: 'logs' })
    );
    runs.get = () => ({ from: { id: 'r0' } }); // the newest run has no task of this node
    await commands.execute('nbyard:show-node-logs');
    expect(shown).toHaveBeenLastCalledWith(expect.objectContaining({ id: 'r0', node: 'a' }));
    canvas.targets = ['b'];
    expect(commands.isEnabled('nbyard:show-node-logs')).toBe(false);
    const single = ['nbyard:open-node', 'nbyard:rename-node'];
    expect(single.map(id => commands.isEnabled(id))).toEqual([true, true]);
    canvas.targets = canvas.chosen = ['a', 'b'];
    expect(single.map(id => commands.isEnabled(id))).toEqual([false, false]);
  });

  it('the keys of the browser’s clipboard stand in menus and sheet, and match no element', () => {
    const own = schema['jupyter.lab.shortcuts'].filter(one => /-ofBrowser$/.test(one.selector));
    expect(own.map(({ command, keys }) => [command, ...keys])).toEqual([
      ['nbyard:copy-nodes', 'Accel C'],
      ['nbyard:cut-nodes', 'Accel X'],
      ['nbyard:paste-nodes', 'Accel V']
    ]);
  });

  // Run Info is one entry with the log, the output and the resources of the node.
  it('the menu of a card has fourteen entries, and one more where a model can be deployed', () => {
    const { context } = schema['jupyter.lab.menus'];
    const card = context.filter(({ selector }) => /__node($|-card|:has|:not)/.test(selector));
    const entries = card.filter(one => one.type !== 'separator').map(one => one.command ?? '▸');
    expect(entries).toHaveLength(15);
    expect(entries.slice(0, 2)).toEqual(['nbyard:open-node', 'nbyard:inspect-node']);
    expect(card.filter(({ selector }) => selector.includes('results'))).toHaveLength(1);
  });

  it('a version is unpinned only where a selected node has one', () => {
    const commands = new CommandRegistry();
    const pinned = new Map([['a', new Map([['version', 'v1']])]]);
    const canvas = { targets: ['a'], readOnly: false, doc: { nodes: pinned } };
    const tracker = {
      currentWidget: { content: { canvas } },
      widgetAdded: new Signal<unknown, unknown>({}),
      currentChanged: new Signal<unknown, unknown>({})
    };
    addCommands(commands, tracker as never, null, nullTranslator.load('nbyard'));
    expect(commands.isEnabled('nbyard:follow-file')).toBe(true);
    canvas.targets = ['b'];
    expect(commands.isEnabled('nbyard:follow-file')).toBe(false);
  });

  it('ids and labels are there once', () => {
    expect(ids.size).toBe(table.length + 1);
    expect(new Set(table.map(command => command.label)).size).toBe(table.length);
  });

  it('every command with a key is in a group of the sheet', () => {
    const groups = new Map(table.map(({ id, group }) => [id, group]));
    const bound = schema['jupyter.lab.shortcuts'].map(({ command }) => groups.get(command));
    expect(new Set(bound)).toEqual(new Set(['run', 'edit', 'view', 'navigate']));
    expect(groups.get('nbyard:mute-node')).toBe('edit');
    expect(groups.get('nbyard:find-node')).toBe('navigate');
  });

  it('no two commands share a key in one place', () => {
    const keys = schema['jupyter.lab.shortcuts'].map(one => `${one.selector} ${one.keys.join()}`);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('keys hold on the canvas only', () => {
    const selectors = new Set(schema['jupyter.lab.shortcuts'].map(one => one.selector));
    expect([...selectors].every(one => one.startsWith('.nby-Canvas'))).toBe(true);
  });

  it('Enter on a link or button of the canvas is left to it', () => {
    const enter = schema['jupyter.lab.shortcuts'].find(one => one.keys[0] === 'Enter')!;
    const commands = new CommandRegistry();
    const executed = jest.fn();
    commands.addCommand(enter.command, { execute: executed });
    commands.addKeyBinding(enter);
    document.body.innerHTML =
      '<div class="nby-Canvas-stage" tabindex="0"><a href="#">b</a><button>c</button></div>';
    document.body.addEventListener('keydown', event => commands.processKeydownEvent(event));
    const press = (selector: string) => {
      const target = document.querySelector<HTMLElement>(selector)!;
      target.focus();
      const init = { key: 'Enter', keyCode: 13, bubbles: true, cancelable: true };
      return target.dispatchEvent(new KeyboardEvent('keydown', init));
    };
    expect([press('a'), press('button'), executed.mock.calls.length]).toEqual([true, true, 0]);
    expect(press('.nby-Canvas-stage')).toBe(false);
    expect(executed).toHaveBeenCalledTimes(1);
  });

  it('the key sheet lists what is bound now', () => {
    const commands = new CommandRegistry();
    commands.addCommand('nbyard:undo', {
      label: 'Undo',
      dataset: { group: 'edit' },
      execute: () => undefined
    });
    for (const key of ['Ctrl Z', 'Ctrl U']) {
      commands.addKeyBinding({ command: 'nbyard:undo', keys: [key], selector: '.nby-Canvas' });
    }
    commands.addKeyBinding({ command: 'nbyard:undo', keys: ['U'], selector: 'body' });
    expect(keyRows(commands)).toEqual([
      { command: 'nbyard:undo', label: 'Undo', keys: 'Ctrl+Z, Ctrl+U', group: 'edit' }
    ]);
  });
});
