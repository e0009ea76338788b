import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  deleteIcon,
  editIcon,
  folderIcon,
  LabIcon,
  linkIcon
} from '@jupyterlab/ui-components';
import { useEffect, useState } from 'react';
import { NewLink } from '../../api/types';
import { Button } from '../../components/Button';
import { ROW_MIME } from '../../components/RowList';
import { useSignal } from '../../components/hooks/useSignal';
import { referenceOf } from '../../forms/referenceOf';
import { IPanelServices } from '../frame/services';
import { createProject, deleteProject, editProject, linkResources, linkRow } from './actions';
import { activeProjectOf } from './activeProject';
import { kindOfRow } from './kinds';
import { projectsOf } from './state/collection';

/** Chooses the project to which all sections are limited; rows dropped on it are linked. */
export function Switcher({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans, state, commands } = services;
  const projects = projectsOf(yard);
  const active = activeProjectOf(yard);
  const items = useSignal(projects.changed, () => projects.items);
  const isRead = useSignal(projects.changed, () => projects.state === 'ready' && !projects.more);
  const id = useSignal(active.changed, () => active.id);
  const [over, setOver] = useState(false);
  useEffect(() => {
    void projects.start();
    if (state) {
      void active.restore(state);
    }
  }, [projects, active, state]);
  const known = items.find(project => project.id === id);
  const isGone = !!id && isRead && !known;
  useEffect(() => {
    if (isGone) {
      active.choose('');
    }
  }, [active, isGone]);
  const dragged = useDragged(trans);
  const offered = known ? [known] : items;
  const takes = !!dragged && !!offered.length;
  return (
    <div
      className={`nby-Switcher${takes ? ` nby-mod-${over ? 'over' : 'takes'}` : ''}`}
      onDragOver={event => {
        if (takes) {
          event.preventDefault();
          event.dataTransfer.dropEffect = 'copy';
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        if (takes) {
          event.preventDefault();
          event.stopPropagation();
          linkRow(services, offered, dragged, event);
        }
      }}
    >
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Project')}
        title={
          known
            ? trans.__('Only items of this project are shown. New items are linked to it.')
            : trans.__('Show only the items of one project')
        }
        value={id}
        onChange={event => active.choose(event.target.value)}
      >
        <option value="">{trans.__('All projects')}</option>
        {id && !known && <option value={id}>…</option>}
        {items.map(project => (
          <option key={project.id} value={project.id}>
            {referenceOf(project)}
          </option>
        ))}
      </select>
      {known && (
        <>
          <Action
            icon={folderIcon}
            label={trans.__('Open Project')}
            onAct={async () => {
              await commands.execute('nbyard:open-project', { id });
            }}
          />
          <Action
            icon={linkIcon}
            label={trans.__('Link Resource…')}
            onAct={() => linkResources(services, known)}
          />
          <Action
            icon={editIcon}
            label={trans.__('Edit Project…')}
            onAct={() => editProject(services, id)}
          />
          <Action
            icon={deleteIcon}
            label={trans.__('Delete Project…')}
            onAct={() => deleteProject(services, id)}
          />
        </>
      )}
      <Action
        icon={addIcon}
        label={trans.__('New Project…')}
        onAct={() => createProject(services)}
      />
    </div>
  );
}

/** Return what is being dragged, if a project can link it. */
function useDragged(trans: TranslationBundle): NewLink | undefined {
  const [dragged, setDragged] = useState<NewLink>();
  useEffect(() => {
    // a row that was removed meanwhile has no `dragend`; no mouse moves during a drag
    const ends = ['dragend', 'mousemove'] as const;
    const end = () => {
      ends.forEach(type => document.removeEventListener(type, end, true));
      setDragged(undefined);
    };
    const start = ({ dataTransfer }: globalThis.DragEvent) => {
      end();
      const { noun, id: resource } = JSON.parse(dataTransfer?.getData(ROW_MIME) || '{}');
      const kind = kindOfRow(noun, trans);
      if (kind) {
        setDragged({ kind, resource });
        ends.forEach(type => document.addEventListener(type, end, true));
      }
    };
    document.addEventListener('dragstart', start);
    return () => {
      document.removeEventListener('dragstart', start);
      end();
    };
  }, [trans]);
  return dragged;
}

interface IActionProps {
  icon: LabIcon;
  label: string;
  onAct: () => Promise<void>;
}

function Action({ icon: Icon, label, onAct }: IActionProps): JSX.Element {
  return (
    <Button className="nby-mod-bare" title={label} aria-label={label} onClick={() => void onAct()}>
      <Icon.react tag="span" className="nby-Icon" />
    </Button>
  );
}
