import { useEffect } from 'react';
import { isLive } from '../../api/types';
import { Away } from '../../components/Away';
import { PanelVisible } from '../../components/format/times';
import { useLost } from '../../components/hooks/useLost';
import { useSignal } from '../../components/hooks/useSignal';
import { ArtifactSection } from '../artifacts/ArtifactSection';
import { shownState } from '../../runs/model/reducer';
import { artifactsOf } from '../artifacts/collection';
import { AutomationSection } from '../automations/AutomationSection';
import { automationsOf } from '../automations/collection';
import { CredentialSection } from '../credentials/CredentialSection';
import { credentialsOf } from '../credentials/collection';
import { DatasetSection } from '../datasets/DatasetSection';
import { useFileDrop } from './useFileDrop';
import { uploads } from '../datasets/uploads';
import { DeploymentSection } from '../deployments/DeploymentSection';
import { deploymentsOf } from '../deployments/state/collection';
import { EnvironmentSection } from '../environments/EnvironmentSection';
import { executableActions } from '../executables/actions';
import { ExecutableSection } from '../executables/ExecutableSection';
import { IPanelServices } from '../frame/services';
import { activeProjectOf } from '../projects/activeProject';
import { Switcher } from '../projects/Switcher';
import { RunSection } from '../runs/RunSection';
import { IUnrun, useUnrun } from '../workflows/unrun';
import { WorkflowSection } from '../workflows/WorkflowSection';
import { openSections } from '../frame/openSections';
import { useFirst } from './useFirst';
import { Section } from './Section';

interface ISidebarProps {
  services: IPanelServices;
  isVisible: boolean;
}

/** All sections, those that people look at most often first. */
export function Sidebar({ services, isVisible }: ISidebarProps): JSX.Element {
  const { yard, trans, commands } = services;
  const unrunFiles = useUnrun(services, isVisible);
  const active = activeProjectOf(yard);
  const project = useSignal(active.changed, () => active.id);
  // a file that never ran belongs to no project
  const unrun: IUnrun = project ? { files: [], places: unrunFiles.places } : unrunFiles;
  const lost = useLost(yard.stream);
  const hasRuns = useSignal(yard.runs.changed, () => yard.runs.items.length > 0);
  const live = useSignal(yard.runs.changed, () => yard.runs.items.filter(isLive).length);
  const running = useSignal(
    yard.runs.changed,
    () => yard.runs.items.filter(run => shownState(run) === 'running').length
  );
  const first = useFirst(yard.datasets);
  const isSending = useSignal(uploads.changed, () => !!uploads.rows.length);
  const data = useFileDrop(services, (files, folders) => {
    void uploads.add(yard, files);
    folders.forEach(folder => void uploads.addFolder(yard, folder));
  });
  const code = useFileDrop(services, async (files, folders) => {
    if (folders.length) {
      throw new Error(trans.__('An executable is one file, not a folder.'));
    }
    for (const file of files) {
      await executableActions.uploadExecutable(services, [], [file]);
    }
  });
  useEffect(() => {
    if (services.state) {
      void openSections.restore(services.state);
    }
  }, [services]);
  const common = { commands, trans };
  // What is visible at once loads first.
  const later = { ...common, after: first };
  const shown = { services };
  return (
    <PanelVisible.Provider value={isVisible}>
      <Away lost={lost} trans={trans} />
      <Switcher {...shown} />
      <Section
        {...common}
        noun="run"
        title={trans.__('Runs')}
        collection={yard.runs}
        buttons={hasRuns ? ['clean-up-runs', 'open-runs'] : []}
        summary={[
          running && trans.__('%1 running', running),
          live > running && trans.__('%1 waiting', live - running)
        ]
          .filter(Boolean)
          .join(' · ')}
        isOpen
      >
        <RunSection {...shown} />
      </Section>
      <Section
        {...common}
        noun="dataset"
        title={trans.__('Datasets')}
        collection={yard.datasets}
        buttons={['upload-folder', 'import-dataset', 'upload-dataset']}
        isOpen
        isBusy={isSending}
        drop={data}
      >
        <DatasetSection {...shown} />
      </Section>
      <Section
        {...later}
        noun="workflow"
        title={trans.__('Workflows')}
        collection={yard.workflows}
        more={unrun.files.length}
        isBusy={!!unrun.problem}
        buttons={['create-workflow']}
        isOpen
      >
        <WorkflowSection {...shown} unrun={unrun} />
      </Section>
      <Section
        {...later}
        noun="automation"
        title={trans.__('Automations')}
        collection={automationsOf(yard)}
        buttons={['show-channels']}
        isOpen
      >
        <AutomationSection {...shown} />
      </Section>
      <Section
        {...later}
        noun="deployment"
        title={trans.__('Deployments')}
        collection={deploymentsOf(yard)}
        buttons={['create-deployment']}
        isOpen
      >
        <DeploymentSection {...shown} />
      </Section>
      <Section
        {...later}
        noun="executable"
        title={trans.__('Executables')}
        collection={yard.executables}
        buttons={['upload-executable']}
        drop={code}
      >
        <ExecutableSection {...shown} />
      </Section>
      <Section
        {...later}
        noun="environment"
        title={trans.__('Environments')}
        collection={yard.environments}
        buttons={['create-environment']}
      >
        <EnvironmentSection {...shown} />
      </Section>
      <Section
        {...later}
        noun="artifact"
        title={trans.__('Artifacts')}
        collection={artifactsOf(yard)}
        buttons={['create-artifact']}
      >
        <ArtifactSection {...shown} />
      </Section>
      <Section
        {...later}
        noun="credential"
        title={trans.__('Credentials')}
        collection={credentialsOf(yard)}
        buttons={['create-credential']}
      >
        <CredentialSection {...shown} />
      </Section>
    </PanelVisible.Provider>
  );
}
