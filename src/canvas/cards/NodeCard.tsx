import { Handle, NodeProps, Position } from '@xyflow/react';
import { PathExt } from '@jupyterlab/coreutils';
import { memo, ReactNode } from 'react';
import { CommandButton } from '../../components/Button';
import { classText } from '../../document/arguments';
import { portName } from '../../document/maps/map';
import { useNow } from '../../components/format/times';
import { useSignal } from '../../components/hooks/useSignal';
import { MonitorLinks } from '../../components/MonitorLinks';
import { StateBar } from '../../components/StateMark';
import { problemIcon } from '../../icons/startup';
import { OFF_ICONS, STATE_ICONS } from '../../icons/items';
import { useCanvas, useView } from '../model/hooks';
import { CardNode } from '../model/flowStore';
import { INodeRun } from '../model/tokens';
import { INodeView, IPortView } from '../model/nodeViews';
import { dataKind } from '../../components/format/dataKinds';
import { Chips } from './Chips';
import { KindIcon } from './KindIcon';
import { Preview } from './Preview';
import { elementsText, IElements, mapText } from '../model/diagram/maps';
import { cardLabel, duration, offText, offWord, stateWord } from '../model/texts';

/** One node: its kind, its named ports, and the state of its newest run. */
export const NodeCard = memo(function NodeCard({ id, data }: NodeProps<CardNode>) {
  const canvas = useCanvas();
  const { trans } = canvas;
  const view = useView(id);
  if (!view) {
    return null;
  }
  const { run } = view;
  const state = run && (run.cached && run.state === 'succeeded' ? 'cached' : run.state);
  const room = roomFor(view, data.room);
  const missing = lacksInput(view);
  // Run Info shows why other nodes failed.
  const problems = [...(run?.broken && run.reason ? [run.reason] : []), ...view.problems];
  const classes = ['nby-Node', `nby-mod-${view.type}`, `nby-mod-is-${view.kind}`];
  if (state) {
    classes.push(`nby-mod-${state}`);
  }
  if (view.off) {
    classes.push('nby-mod-off');
  }
  if (view.map) {
    classes.push('nby-mod-map');
  }
  if (view.pinned) {
    classes.push('nby-mod-pinned');
  }
  if (run?.checked) {
    classes.push('nby-mod-check');
  }
  if (view.problems.length) {
    classes.push('nby-mod-problem');
  }
  return (
    <div className={classes.join(' ')}>
      <span hidden id={canvas.nameOf(id)} aria-label={cardLabel(view, trans)} />
      <Marks view={view} />
      <div className="nby-Node-head" title={view.subtitle}>
        <KindIcon kind={view.kind} />
        <span className="nby-Node-title">{view.title}</span>
        {view.alike && <span className="nby-Node-id">{id}</span>}
        {run && state && <RunState run={run} icon={state} />}
        {run?.state === 'running' && (
          <progress
            className="nby-Node-progress"
            aria-label={trans.__('Progress')}
            max={1}
            value={run.progress}
          />
        )}
      </div>
      {/* Instead of ports, so that a card with ports does not move. */}
      {view.pending && !view.inputs.length && !view.outputs.length && (
        <div className="nby-Node-reading">{trans.__('Reading…')}</div>
      )}
      <div className="nby-Node-ports">
        <div>
          {view.inputs.map(port => (
            <Port key={port.name} port={port} side="input" />
          ))}
          <SuggestedPorts view={view} side="input" />
        </div>
        <div>
          {view.outputs.map(port => (
            <Port key={port.name} port={port} side="output">
              {!canvas.readOnly && port.state === 'free' && <AddNext node={id} port={port.name} />}
            </Port>
          ))}
          <SuggestedPorts view={view} side="output" />
        </div>
      </div>
      {/* Below the ports, which keep their places. */}
      {run?.elements && <Elements elements={run.elements} />}
      {run && <RunWords run={run} room={room} />}
      {(problems.length > 0 || missing) && (
        <div className="nby-Node-problem" title={problems.join('\n')}>
          <problemIcon.react tag="span" className="nby-Icon" />
          <span className="nby-Node-words">{problems[0] ?? trans.__('unconnected')}</span>
        </div>
      )}
      {view.preview && <Preview id={id} preview={view.preview} room={room} />}
      {run?.models && <Models id={id} {...run.models} />}
      {view.type === 'executable' && <Chips id={id} chips={view.chips} gpus={view.gpus} />}
    </div>
  );
});

/** Sizes of `cards.css`: a card without ports and results, a port, and rows below them. */
const [PLAIN, PORT, WORDS, PROBLEM, CHIPS, MODEL, ELEMENTS] = [63, 22, 42, 59, 27, 28, 26];
/** What happens, and the last line of the output. */
const LINES = 52;
/** Between a card and the one below it. */
const GAP = 12;

/** Return whether a required input of a node that runs is not connected. */
function lacksInput({ off, inputs }: INodeView): boolean {
  return !off && inputs.some(port => port.state === 'missing');
}

/**
 * Return the height of a result that does not cover the card below; undefined if no card is below.
 * Computed, not measured, so that it is right for cards that are not visible yet.
 */
export function roomFor(view: INodeView, room: number | undefined): number | undefined {
  const { problems, chips, run } = view;
  const other =
    PLAIN +
    PORT * Math.max(rows(view, 'input'), rows(view, 'output')) +
    (problems.length ? PROBLEM : lacksInput(view) ? WORDS : 0) +
    CHIPS * Math.ceil(chips.length / 2) +
    (run?.elements ? ELEMENTS : 0) +
    MODEL * (run?.models?.outputs.length ?? 0);
  return room && Math.max(0, room - other - GAP);
}

function rows(view: INodeView, side: 'input' | 'output'): number {
  return view[`${side}s`].length + Math.min(suggestedAt(view, side).length, MOST_SUGGESTED + 1);
}

/** Buttons for outputs that can be deployed. The context menu serves the keyboard. */
function Models({ id, run, outputs }: { id: string } & NonNullable<INodeRun['models']>) {
  const { commands } = useCanvas();
  return (
    <div className="nby-Node-results nodrag nopan">
      {outputs.map(output => (
        <span key={output} className="nby-Node-result">
          <span className="nby-Node-words">{output}</span>
          <CommandButton
            commands={commands}
            id="nbyard:deploy-output"
            args={{ run, output: `${id}.${output}`, isTile: true }}
            tabIndex={-1}
          />
        </span>
      ))}
    </div>
  );
}

/** What differs from other cards, on the border, so that the title and the duration keep their room. */
function Marks({ view }: { view: INodeView }): JSX.Element | null {
  const { trans } = useCanvas();
  const { map, off, pinned, pinnedTo, run, stale, when } = view;
  const Icon = off && OFF_ICONS[off];
  const marks: [text: string, title: string, mod?: string][] = [];
  if (map) {
    const { size } = map;
    marks.push([size === undefined ? trans.__('map') : `×${size}`, mapText(map, trans), 'map']);
  }
  if (run?.checked) {
    const title = trans.__('State and results of a check run, on a sample of the data');
    marks.push([trans.__('Check Run'), title, 'check']);
  }
  if (off) {
    marks.push([offWord(off, trans), offText(off, trans), 'off']);
  }
  if (when) {
    const title = trans.__('Runs only if %1. Otherwise the run skips it.', when);
    marks.push([trans.__('if %1', when), title, 'when']);
  }
  if (pinned) {
    marks.push([trans.__('pinned'), trans.__('Runs one version, even if the file changes')]);
  }
  if (pinnedTo !== undefined) {
    const title = trans.__('Pinned to the result of run %1. The node does not run.', pinnedTo);
    marks.push([trans.__('run %1', pinnedTo || '?'), title]);
  }
  if (stale) {
    marks.push([trans.__('stale'), trans.__('Will run: %1', stale), 'stale']);
  }
  return marks.length ? (
    <div className="nby-Node-marks">
      {marks.map(([text, title, mod]) => (
        <span key={text} className={mod ? `nby-Mark nby-mod-${mod}` : 'nby-Mark'} title={title}>
          {mod === 'off' && Icon && <Icon.react tag="span" className="nby-Icon" />}
          {text}
        </span>
      ))}
    </div>
  ) : null;
}

/** The states of the elements of a map, and how many failed. */
function Elements({ elements }: { elements: IElements }): JSX.Element {
  const { trans } = useCanvas();
  const { counts, tiles } = elements;
  return (
    <div className="nby-Node-elements">
      <StateBar {...{ counts, tiles }} label={elementsText(elements, trans)} />
      {counts.failed > 0 && (
        <span className="nby-Failed">{trans.__('%1 failed', counts.failed.toLocaleString())}</span>
      )}
    </div>
  );
}

function portKind({ outputClass, format }: IPortView): string {
  return outputClass === 'model' ? outputClass : dataKind(format);
}

interface IPortProps {
  /** The card of a folded group has ports under other names. */
  port: IPortView & { handle?: string };
  side: 'input' | 'output';
  children?: ReactNode;
}

export function Port({ port, side, children }: IPortProps): JSX.Element {
  const { trans } = useCanvas();
  const classes = `nby-Port nby-mod-${side} nby-mod-${port.state} nby-mod-${portKind(port)}`;
  const { outputClass } = port;
  const name = portName(port.name, trans);
  const facts = [name, outputClass && classText(outputClass, trans)];
  facts.push(port.format || trans.__('any file'), port.help);
  if (port.state === 'missing') {
    facts.push(trans.__('required, not connected'));
  } else if (port.state === 'gone') {
    facts.push(trans.__('the executable no longer has this port'));
  }
  return (
    <div className={classes} title={facts.filter(Boolean).join(' · ')}>
      <PortHandle id={port.handle ?? port.name} side={side} />
      <span className="nby-Port-name">{name}</span>
      {port.format && <span className="nby-Sr"> {port.format}</span>}
      {children}
    </div>
  );
}

function PortHandle({ id, side }: { id: string; side: 'input' | 'output' }): JSX.Element {
  return side === 'input' ? (
    <Handle id={id} type="target" position={Position.Left} />
  ) : (
    <Handle id={id} type="source" position={Position.Right} />
  );
}

/** The highest number of suggested ports at each side of a card. */
const MOST_SUGGESTED = 4;

function suggestedAt({ suggested }: INodeView, side: 'input' | 'output') {
  return suggested.filter(({ role }) => role === side);
}

/** Files that could be ports: a drawn connection declares them, a click on a name offers to. */
function SuggestedPorts(props: { view: INodeView; side: 'input' | 'output' }): JSX.Element {
  const { commands, readOnly, trans } = useCanvas();
  const { view, side } = props;
  const files = suggestedAt(view, side);
  const more = files.length - MOST_SUGGESTED;
  const classes = `nby-Port nby-mod-${side} nby-mod-suggested`;
  return (
    <>
      {files.slice(0, MOST_SUGGESTED).map(({ name, path, format = '' }) => {
        const label =
          side === 'input'
            ? trans.__('Reads %1: declare or connect it', path)
            : trans.__('Writes %1: declare or connect it', path);
        return (
          <div key={path} className={`${classes} nby-mod-${dataKind(format)}`}>
            <PortHandle id={name} side={side} />
            <button
              type="button"
              className="nby-Port-name nodrag nopan"
              tabIndex={-1}
              disabled={readOnly}
              title={label}
              aria-label={label}
              onClick={event => {
                event.stopPropagation(); // the card stays as it is
                void commands.execute('nbyard:connect-automatically', { node: view.id, path });
              }}
            >
              {PathExt.basename(path)}
            </button>
          </div>
        );
      })}
      {more > 0 && <span className={classes}>+{more}</span>}
    </>
  );
}

/** Asks for the node that takes an output. The keyboard connects with a command. */
function AddNext({ node, port }: { node: string; port: string }): JSX.Element {
  const { commands, trans } = useCanvas();
  const label = trans.__('Add a node that takes %1', port);
  return (
    <button
      type="button"
      className="nby-Port-next nodrag nopan"
      tabIndex={-1}
      title={label}
      aria-label={label}
      onClick={event => {
        event.stopPropagation(); // the card stays as it is
        const { clientX: x, clientY: y } = event;
        void commands.execute('nbyard:add-node', { x, y, node, port });
      }}
    >
      +
    </button>
  );
}

/** The state at the right: an icon, and how long the node took, or a word. */
function RunState({ run, icon }: { run: INodeRun; icon: keyof typeof STATE_ICONS }): JSX.Element {
  const { trans } = useCanvas();
  const Icon = STATE_ICONS[icon];
  const word = stateWord(run, trans);
  const took = run.seconds !== undefined && duration(run.seconds);
  const from = run.from && trans.__('run %1', run.from.name);
  const detail = [run.detail, took, from, run.reason].filter(Boolean).join(' · ');
  const time =
    icon === 'running' && run.since !== undefined ? (
      <Since since={run.since} />
    ) : (
      icon === 'succeeded' && took && <span>{took}</span>
    );
  return (
    <span
      className={`nby-Node-run nby-mod-${icon}`}
      title={[word, detail].filter(Boolean).join(' · ')}
    >
      <Icon.react tag="span" className="nby-Icon" />
      <span className={time ? 'nby-Sr' : undefined}>{word}</span>
      {time}
      {detail && <span className="nby-Sr"> {detail}</span>}
    </span>
  );
}

/** How long a node has been running. It ticks by itself, so that no card is drawn again. */
export function Since({ since }: { since: number }): JSX.Element {
  const { runs } = useCanvas();
  const lost = useSignal(runs?.changed, () => runs?.lost);
  const now = useNow(!lost);
  const seconds = Math.max(0, ((lost?.since ?? now) - since) / 1000);
  return <span>{duration(Math.floor(seconds), 0)}</span>;
}

/** What happens to a node that has not ended: its progress, its last line, or why it waits. */
function RunWords({ run, room = LINES }: { run: INodeRun; room?: number }): JSX.Element | null {
  const { trans } = useCanvas();
  if (run.state === 'succeeded' || run.state === 'failed') {
    return null; // Run Info shows why a node failed
  }
  const isRunning = run.state === 'running';
  // why it runs is in the tooltip of the state
  const reason = [run.detail, !isRunning && run.reason].filter(Boolean).join(' · ');
  const line = room >= LINES && run.lastLine;
  return reason || line || run.monitors ? (
    <div className="nby-Node-reason" title={reason}>
      {reason && (
        <span
          className={`nby-Node-words${room >= LINES ? ' nby-mod-whole' : ''}`}
          aria-hidden="true"
        >
          {reason}
        </span>
      )}
      {run.monitors && (
        <MonitorLinks monitors={run.monitors} trans={trans} className="nodrag nopan" />
      )}
      {line && <code className="nby-Node-code">{line}</code>}
    </div>
  ) : null;
}
