import { useCallback, useMemo, useSyncExternalStore } from 'react';
import { LinkButton } from '../../components/Button';
import { PortionBar, usePortion } from '../../components/Portion';
import { endText } from '../model/connecting';
import { useCanvas, useView } from '../model/hooks';
import { isGroup } from '../../document/flow';
import { portName } from '../../document/maps/map';
import { IGroupPort, useGroup } from '../groups/groupView';
import { CardNode, FlowStore } from '../model/flowStore';
import { StateMark } from '../../components/StateMark';
import { kindWord, offWord } from '../model/texts';

const idOf = ({ id }: CardNode): string => id;

/** The workflow as a table: for screen readers, keyboards and large workflows. */
export function Outline(): JSX.Element {
  const canvas = useCanvas();
  const { store, trans } = canvas;
  const cards = useSyncExternalStore(store.subscribe, store.getNodes);
  const nodes = useMemo(() => cards.filter(({ type }) => type !== 'comment'), [cards]);
  const portion = usePortion(nodes, idOf, store.focused);
  const setTable = useCallback(
    (element: HTMLDivElement | null) => {
      canvas.table = element ?? undefined;
      canvas.arrive();
    },
    [canvas]
  );
  return (
    <div
      ref={setTable}
      className="nby-Outline nby-Canvas-keys"
      tabIndex={-1}
      role="group"
      aria-label={trans.__('Workflow as a table')}
    >
      <PortionBar portion={portion} trans={trans} />
      <table>
        <thead>
          <tr>
            <th scope="col">{trans.__('Node')}</th>
            <th scope="col">{trans.__('State')}</th>
            <th scope="col">{trans.__('Kind')}</th>
            <th scope="col">{trans.__('Inputs')}</th>
            <th scope="col">{trans.__('Outputs')}</th>
            <th scope="col">{trans.__('Problems')}</th>
          </tr>
        </thead>
        <tbody>
          {portion.items.map(node => (
            <Row key={node.id} id={node.id} selected={!!node.selected} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface IRowProps {
  id: string;
  selected: boolean;
}

function Row(props: IRowProps): JSX.Element {
  return isGroup(props.id) ? <GroupRow {...props} /> : <NodeRow {...props} />;
}

/** The name of a card, which selects it. */
function Choice({ id, selected, text }: IRowProps & { text: string }): JSX.Element {
  const { store } = useCanvas();
  return (
    <LinkButton
      data-id={id}
      aria-pressed={selected}
      onFocus={() => store.focus(id)}
      onClick={() => choose(store, id)}
    >
      {text}
    </LinkButton>
  );
}

function choose(store: FlowStore, id: string): void {
  store.focus(id);
  store.select([id]);
}

/** A group: folded, it stands for its nodes. */
function GroupRow({ id, selected }: IRowProps): JSX.Element {
  const { store, trans } = useCanvas();
  const view = useGroup(id);
  const names = (ports: readonly IGroupPort[]) => ports.map(({ name }) => name).join(', ');
  return (
    <tr className={selected ? 'nby-mod-selected' : undefined} onClick={() => choose(store, id)}>
      <th scope="row">
        <Choice {...{ id, selected }} text={view.title} />
      </th>
      <td>{view.state ? <StateMark state={view.state} trans={trans} /> : '–'}</td>
      <td>
        {trans.__('group')}, {view.count}
      </td>
      <td>{names(view.inputs)}</td>
      <td>{names(view.outputs)}</td>
      <td>{view.problems}</td>
    </tr>
  );
}

function NodeRow({ id, selected }: IRowProps): JSX.Element | null {
  const canvas = useCanvas();
  const { store, trans } = canvas;
  const view = useView(id);
  if (!view) {
    return null;
  }
  const sources = new Map(
    canvas.views.arrowsInto(id).map(edge => [edge.input, endText(canvas, edge.source, edge.output)])
  );
  return (
    <tr className={selected ? 'nby-mod-selected' : undefined} onClick={() => choose(store, id)}>
      <th scope="row">
        <Choice {...{ id, selected }} text={view.title} />{' '}
        {view.alike && <span className="nby-Node-id">{id}</span>}
      </th>
      <td>
        {view.off ? (
          offWord(view.off, trans)
        ) : view.run ? (
          <StateMark {...view.run} {...{ trans }} />
        ) : (
          '–'
        )}
      </td>
      <td>{kindWord(view.kind, trans)}</td>
      <td>
        {view.inputs.map(port => (
          <div key={port.name}>
            {portName(port.name, trans)} ←{' '}
            {sources.get(port.name) ?? (port.state === 'missing' ? trans.__('missing') : '–')}
          </div>
        ))}
      </td>
      <td>{view.outputs.map(port => portName(port.name, trans)).join(', ')}</td>
      <td>{view.problems.join(' · ')}</td>
    </tr>
  );
}
