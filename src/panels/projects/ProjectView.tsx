import { deleteIcon, editIcon, folderIcon } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { Project } from '../../api/types';
import { Button } from '../../components/Button';
import { Tabs } from '../../components/Tabs';
import { useChanges } from '../../components/hooks/useChanges';
import { MoreActions } from '../frame/HeadActions';
import { IPanelServices } from '../frame/services';
import { isOwner } from '../../components/format/roles';
import { ShownItem } from '../frame/ShownItem';
import { deleteProject, editProject } from './actions';
import { Artifacts } from './Artifacts';
import { Kind } from './kinds';
import { Members } from './Members';
import { Overview } from './Overview';
import { Resources } from './Resources';
import { RetentionPolicies } from './RetentionPolicies';
import { projectsOf } from './state/collection';

interface IProjectViewProps {
  services: IPanelServices;
  id: string;
}

/** One project: its goal and last runs, its data and models, its resources and its retention. */
export default function ProjectView({ services, id }: IProjectViewProps): JSX.Element {
  return (
    <ShownItem {...{ services, id }} noun="project" collection={projectsOf(services.yard)}>
      {project => <Loaded services={services} project={project} />}
    </ShownItem>
  );
}

interface ILoadedProps {
  services: IPanelServices;
  project: Project;
}

function Loaded({ services, project }: ILoadedProps): JSX.Element {
  const { trans } = services;
  const { id, name, description } = project;
  const [tab, setTab] = useState('overview');
  const [kind, setKind] = useState<Kind>();
  const turn = useChanges(services.yard.stream, 'run', 'project');
  const same = { services, project: id, turn };
  const links = Object.values(project.links ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <folderIcon.react tag="span" className="nby-Icon" />
        <h2>{name}</h2>
        <span className="nby-Space" />
        {isOwner(project) && (
          <>
            <Button onClick={() => void editProject(services, id)}>
              <editIcon.react tag="span" className="nby-Icon" /> {trans.__('Edit Project…')}
            </Button>
            <MoreActions
              trans={trans}
              actions={[
                {
                  label: trans.__('Delete Project…'),
                  icon: deleteIcon,
                  execute: () => deleteProject(services, id)
                }
              ]}
            />
          </>
        )}
      </div>
      {description && <p className="nby-Note nby-View-said">{description}</p>}
      <Tabs
        label={trans.__('Project')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'overview', label: trans.__('Overview') },
          { id: 'data', label: trans.__('Data') },
          { id: 'models', label: trans.__('Models') },
          { id: 'resources', label: trans.__('Resources'), mark: links },
          { id: 'retention', label: trans.__('Retention') },
          { id: 'members', label: trans.__('Members') }
        ]}
      >
        <div className="nby-Project-tab">
          {tab === 'overview' && (
            <Overview
              {...{ services, project, turn }}
              onKind={chosen => {
                setKind(chosen);
                setTab('resources');
              }}
            />
          )}
          {tab === 'data' && <Artifacts key="data" {...same} kind="data" />}
          {tab === 'models' && <Artifacts key="model" {...same} kind="model" />}
          {tab === 'resources' && <Resources {...{ services, project }} first={kind} />}
          {tab === 'retention' && <RetentionPolicies {...same} />}
          {tab === 'members' && <Members {...same} isOwner={isOwner(project)} />}
        </div>
      </Tabs>
    </div>
  );
}
