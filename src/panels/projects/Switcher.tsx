import {
  addIcon,
  deleteIcon,
  editIcon,
  folderIcon,
  LabIcon,
  linkIcon
} from '@jupyterlab/ui-components';
import { DragEvent, useEffect, useState } from 'react';
import { ROW_MIME } from '../../components/RowList';
import { useSignal } from '../../components/hooks/useSignal';
import { IPanelServices } from '../frame/services';
import { createProject, deleteProject, editProject, linkResources, linkRow } from './actions';
import { activeProjectOf } from './activeProject';
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
  const takes = (event: DragEvent) => !!known && event.dataTransfer.types.includes(ROW_MIME);
  return (
    <div
      className={`nby-Switcher${over ? ' nby-mod-over' : ''}`}
      onDragOver={event => {
        if (takes(event)) {
          event.preventDefault();
          event.dataTransfer.dropEffect = 'copy';
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        setOver(false);
        if (takes(event)) {
          event.preventDefault();
          event.stopPropagation();
          void linkRow(services, id, event.dataTransfer.getData(ROW_MIME));
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
            {project.name}
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

interface IActionProps {
  icon: LabIcon;
  label: string;
  onAct: () => Promise<void>;
}

function Action({ icon: Icon, label, onAct }: IActionProps): JSX.Element {
  return (
    <button
      type="button"
      className="nby-Button nby-mod-bare"
      title={label}
      aria-label={label}
      onClick={() => void onAct()}
    >
      <Icon.react tag="span" className="nby-Icon" />
    </button>
  );
}
