import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { Project, ProjectResource } from '../../api/types';
import { Button } from '../../components/Button';
import { showMoment } from '../../components/format/times';
import { Refusal } from '../../components/text/messages';
import { useAnswer } from '../../api/useAnswer';
import { ShowAsCommand } from '../../spelling/ShowAsCommand';
import { IPanelServices } from '../frame/services';
import { Kind, kindsOf } from './kinds';

/** While the user types, the server is not asked. */
const PAUSE_MS = 200;
const SHOWN = 50;

interface IResourcesProps {
  services: IPanelServices;
  project: Project;
  /** The first kind to show. */
  first?: Kind;
}

/** Choose a kind, search, and link or unlink resources of a project. */
export function Resources({ services, project, first: of }: IResourcesProps): JSX.Element {
  const { yard, trans } = services;
  const [kind, setKind] = useState<Kind>(of ?? 'dataset');
  const [text, setText] = useState('');
  const [turn, setTurn] = useState(0);
  const [said, setSaid] = useState('');
  const [problem, setProblem] = useState('');
  const found = { path: { project: project.id }, query: { kind, search: text, limit: SHOWN } };
  const when = { turn, pause: PAUSE_MS };
  const linked = useAnswer(yard.client, 'projects.links', found, when);
  const free = useAnswer(yard.client, 'projects.linkable', found, when);
  const [first] = free.answer?.items ?? [];
  const act = async (call: Promise<unknown>, done: string) => {
    try {
      await call;
      setProblem('');
      setSaid(done);
    } catch (error) {
      setProblem((error as Error).message);
    }
    setTurn(now => now + 1);
  };
  const questionOf = ({ id }: ProjectResource) => ({
    path: { project: project.id },
    body: { kind, resource: id }
  });
  const request = () => ({ id: 'projects.link', question: questionOf(first) }) as const;
  const link = (item: ProjectResource) => {
    const { name } = item;
    const call = yard.client.call('projects.link', questionOf(item));
    void act(call, trans.__('Linked “%1”.', name));
  };
  const unlink = ({ id, name }: ProjectResource) => {
    const path = { project: project.id, kind, resource: id };
    void act(yard.client.call('projects.unlink', { path }), trans.__('Unlinked “%1”.', name));
  };
  return (
    <div className="nby-Form nby-Resources">
      <label>
        {trans.__('Kind')}
        <select
          className="jp-mod-styled"
          value={kind}
          onChange={event => setKind(event.target.value as Kind)}
        >
          {kindsOf(trans).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <input
        type="search"
        className="jp-mod-styled"
        aria-label={trans.__('Search')}
        placeholder={trans.__('Search')}
        spellCheck={false}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <div role="status" className="nby-Sr">
        {said}
      </div>
      <Refusal>{problem || linked.problem || free.problem}</Refusal>
      <List
        title={trans.__('Not linked')}
        nothing={trans.__('Nothing to link.')}
        items={free.answer?.items}
        label={trans.__('Link')}
        onAct={link}
        trans={trans}
      />
      <List
        title={trans.__('Linked')}
        nothing={trans.__('Nothing is linked.')}
        items={linked.answer?.items}
        label={trans.__('Unlink')}
        onAct={unlink}
        trans={trans}
      />
      {first && <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />}
    </div>
  );
}

/** Return the name of a resource and, as names may be shared, the path of its file. */
export function nameOf(resource: ProjectResource, trans: TranslationBundle): string {
  const { name, path, number, created_at, is_gone } = resource;
  if (number) {
    return `${trans.__('Run %1', number)}: ${name || trans.__('untitled')}, ${showMoment(created_at)}`;
  }
  const shown = path && path !== name ? `${name} (${path})` : name;
  return is_gone ? trans.__('%1: the file is missing', shown) : shown;
}

interface IListProps {
  title: string;
  nothing: string;
  items: readonly ProjectResource[] | undefined;
  label: string;
  onAct: (item: ProjectResource) => void;
  trans: TranslationBundle;
}

function List({ title, nothing, items, label, onAct, trans }: IListProps): JSX.Element {
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      {items && !items.length && <p className="nby-Note">{nothing}</p>}
      <ul>
        {items?.map(item => (
          <li key={item.id}>
            <span className="nby-Row-name" title={nameOf(item, trans)}>
              {nameOf(item, trans)}
            </span>
            <Button aria-label={`${label} ${nameOf(item, trans)}`} onClick={() => onAct(item)}>
              {label}
            </Button>
          </li>
        ))}
      </ul>
    </section>
  );
}
