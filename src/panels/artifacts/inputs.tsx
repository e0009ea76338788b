import { useEffect, useMemo, useState } from 'react';
import { Dataset } from '../../api/types';
import { Button } from '../../components/Button';
import { useSignal } from '../../components/hooks/useSignal';
import { IInputs } from '../../forms/ArgumentForm';
import { ChooseInput } from './ChooseInput';
import { Artifact, artifactsOf, inputNames } from './collection';
import { chooseFiles } from '../../components/chooseFiles';
import { datasetOf } from '../datasets/uploads';
import { isUsable } from '../palette/paletteRows';
import { IPanelServices } from '../frame/services';

/** Suggestions for inputs: datasets, artifacts, and files of the server and of the user. */
export function useInputs(services: IPanelServices): IInputs {
  const { datasets } = services.yard;
  const artifacts = artifactsOf(services.yard);
  const data = useSignal(datasets.changed, () => datasets.items);
  const made = useSignal(artifacts.changed, () => artifacts.items);
  useEffect(() => {
    void datasets.start();
    void artifacts.start();
  }, [datasets, artifacts]);
  return useMemo(() => inputSuggestions(services, data, made, ''), [services, data, made]);
}

/** Return the suggestions for inputs; files are looked for first in `folder`. */
export function inputSuggestions(
  services: IPanelServices,
  datasets: readonly Dataset[],
  artifacts: readonly Artifact[],
  folder: string
): IInputs {
  const { trans } = services;
  const names: readonly (readonly [string, string])[] = [
    ...datasets.filter(isUsable).map(({ name }) => [name, trans.__('dataset')] as const),
    ...artifacts.flatMap(inputNames).map(name => [name, trans.__('artifact')] as const)
  ];
  return {
    names: [...new Set(names.map(([name]) => name))],
    bring: (argument, onName) => (
      <>
        <ChooseInput {...{ services, argument, folder, names, onName }} />
        <Bring services={services} input={argument.name} onName={onName} />
      </>
    )
  };
}

interface IBringProps {
  services: IPanelServices;
  input: string;
  onName: (name: string) => void;
}

/** Uploads a file as a dataset, which becomes the input. */
function Bring({ services, input, onName }: IBringProps): JSX.Element {
  const { yard, trans } = services;
  const [said, setSaid] = useState('');
  const [failed, setFailed] = useState('');
  const bring = async () => {
    const [file] = await chooseFiles('file');
    if (!file) {
      return;
    }
    setFailed('');
    try {
      const onProgress = (done: number, total: number) =>
        setSaid(trans.__('%1 %', Math.floor((100 * done) / (total || 1))));
      const made = await datasetOf(yard, file, onProgress, trans);
      onName(made.name);
    } catch (error) {
      setFailed((error as Error).message);
    }
    setSaid('');
  };
  return (
    <>
      <span className={failed ? 'nby-Field-error' : 'nby-Dim'} role="status">
        {failed || said}
      </span>
      <Button
        aria-label={trans.__('Upload a file for “%1”', input)}
        disabled={!!said}
        onClick={() => void bring()}
      >
        {trans.__('Upload…')}
      </Button>
    </>
  );
}
