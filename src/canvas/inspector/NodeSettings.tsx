import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useId, useMemo, useState } from 'react';
import { ValueType } from '../../document/arguments';
import { IReading } from '../model/checker';
import { Json } from '../../document/canonical';
import { LimitFields } from '../../forms/limits/LimitFields';
import { useNames, useRuntimes } from '../../forms/runtimes';
import { IValueFieldProps, ValueField } from '../../forms/ValueField';
import { More } from '../../components/More';
import { useSignal } from '../../components/hooks/useSignal';
import { showMoment } from '../../components/format/times';
import { CanvasController } from '../model/controller';
import { useCanvas } from '../model/hooks';
import { filesBeside } from '../palette/folderFiles';
import { containerWarning } from '../commands/running';
import { IChoiceProps, ResultChoice } from './ResultChoice';
import { IVersion } from '../model/tokens';

interface INodeSettingsProps extends IChoiceProps {
  /** Messages of the server, by field. */
  errors?: Readonly<Record<string, string>>;
}

interface ISetting {
  key: string;
  label: string;
  type: ValueType;
  help?: string;
  choices?: Json[];
  suggestions?: readonly string[];
  fallback?: Json;
  placeholder?: string;
}

/** Runtime and resources of a node; empty fields use the executable's values. */
export function NodeSettings(props: INodeSettingsProps): JSX.Element {
  const { id, fields, errors = {}, readOnly } = props;
  const canvas = useCanvas();
  const { doc, services, trans } = canvas;
  const containers = useContainerWarning(canvas, fields.runtime === 'docker');
  const asked = useMemo(() => services.backend?.runtimes(), [services]);
  const [runtimes, note] = useRuntimes(asked, String(fields.runtime ?? ''), trans);
  const reading = useSignal(canvas.checker.changed, () => canvas.checker.reading(id));
  const isNotebook = reading?.kind === 'notebook';
  const offered = useMemo(
    () => (isNotebook ? services.backend?.kernels() : undefined),
    [services, isNotebook]
  );
  const [offers, setOffers] = useState<IOffers>();
  const images = useNames(offers?.images, '');
  const requirements = useNames(offers?.requirements, '');
  const kernels = useNames(offered, String(fields.kernel ?? ''));
  const runtime: ISetting = {
    key: 'runtime',
    label: trans.__('Runtime'),
    type: 'choice',
    choices: [...runtimes],
    fallback: trans.__('set by the run'),
    help: [trans.__('A local process, a container, or a Dask cluster.'), note, containers]
      .filter(Boolean)
      .join(' ')
  };
  const before = doc.allEdges().flatMap(({ source, target }) => (target === id ? source : []));
  const condition: ISetting = {
    key: 'when',
    label: trans.__('Run If'),
    type: 'string',
    placeholder: trans.__('always'),
    suggestions: [...new Set(before)].map(node => `changed(${quoted(node)})`),
    help: trans.__(
      'Parameters and results of other nodes, such as train.accuracy > 0.9 or changed(clean). Otherwise the run skips the node.'
    )
  };
  const rare: ISetting[] = [
    {
      key: 'join',
      label: trans.__('After Skipped Nodes'),
      type: 'choice',
      choices: ['any', 'all'],
      fallback: 'any',
      help: trans.__(
        'any: the node runs if a node before it ran, unless a required input is missing. all: it runs only if all of them ran.'
      )
    },
    ...(isNotebook || fields.kernel !== undefined
      ? [
          {
            key: 'kernel',
            label: trans.__('Kernel'),
            type: 'choice' as const,
            choices: [...kernels],
            fallback: trans.__('set by the notebook'),
            help: trans.__('Used by local processes. Other runtimes use the environment.')
          }
        ]
      : []),
    { key: 'image', label: trans.__('Image'), type: 'string', suggestions: images },
    {
      key: 'requirements',
      label: trans.__('Requirements'),
      type: 'string',
      suggestions: requirements,
      help: trans.__(
        'A requirements file beside the workflow. The image is built from it. Processes and Dask workers use their installed packages.'
      )
    }
  ];
  const field = ({ key, ...setting }: ISetting) => (
    <ValueField
      key={key}
      {...setting}
      value={fields[key]}
      error={errors[key]}
      readOnly={readOnly}
      trans={trans}
      onChange={value => doc.setField(id, key, value)}
    />
  );
  return (
    <div className="nby-Form">
      {field(runtime)}
      {field(condition)}
      <EnvironmentField
        value={fields.environment}
        placeholder={reading?.environment || defaultText(reading?.default_environment, trans)}
        help={trans.__('A name, or name@2 for version 2.')}
        error={errors.environment}
        readOnly={readOnly}
        onChange={value => doc.setField(id, 'environment', value)}
      />
      <LimitFields
        fields={fields}
        usual={reading}
        errors={errors}
        readOnly={readOnly}
        askUse={services.backend && (() => services.backend!.quotaUse())}
        trans={trans}
        drafts={canvas.checker.draftsOf(id)}
        onChange={(key, value) => doc.setField(id, key, value)}
        onUnread={(key, why, text) => canvas.checker.keep(id, key, why, text)}
      />
      <More
        summary={trans.__('Version, result and image')}
        open={['version', 'pin', 'kernel', 'image', 'join'].some(key => key in fields)}
      >
        <VersionChoice id={id} fields={fields} readOnly={readOnly} />
        <ResultChoice id={id} fields={fields} readOnly={readOnly} />
        <div className="nby-Form" onFocus={() => setOffers(offersOf(canvas))}>
          {rare.map(field)}
        </div>
      </More>
    </div>
  );
}

/** Return the name of a node in a condition. */
function quoted(node: string): string {
  return node.includes('-') ? `"${node}"` : node;
}

type EnvironmentFieldProps = Pick<
  IValueFieldProps,
  'error' | 'help' | 'onChange' | 'placeholder' | 'readOnly' | 'value'
>;

/** The environment of a node, or of all nodes of the workflow that name none. */
export function EnvironmentField(props: EnvironmentFieldProps): JSX.Element {
  const { services, trans } = useCanvas();
  const named = useMemo(() => services.backend?.environments(), [services]);
  return (
    <ValueField
      label={trans.__('Environment')}
      type="string"
      suggestions={useNames(named, '')}
      trans={trans}
      {...props}
    />
  );
}

interface IOffers {
  images?: Promise<readonly string[]>;
  requirements: Promise<readonly string[]>;
}

const OFFERS = new WeakMap<CanvasController, IOffers>();

/** Return the environment that applies if the node names none, and what sets it. */
function defaultText(
  set: IReading['default_environment'] | undefined,
  trans: TranslationBundle
): string {
  if (!set) {
    return trans.__('set by the run');
  }
  return set.set_by === 'workflow'
    ? trans.__('%1, set by the workflow', set.environment)
    : set.set_by === 'project'
      ? trans.__('%1, set by the project %2', set.environment, set.project)
      : trans.__('%1, the default', set.environment);
}

/** Return suggestions for rare fields, requested once for a canvas, because few people need them. */
function offersOf(canvas: CanvasController): IOffers {
  const offers = OFFERS.get(canvas) ?? {
    images: canvas.services.backend?.images(),
    requirements: requirementsBeside(canvas)
  };
  OFFERS.set(canvas, offers);
  return offers;
}

/** Return the names of requirements files in the folder of the workflow. */
async function requirementsBeside(canvas: CanvasController): Promise<string[]> {
  const names = (await filesBeside(canvas)).map(path => PathExt.basename(path));
  return names.filter(name => /requirements.*\.txt$/.test(name));
}

function useContainerWarning(canvas: CanvasController, wanted: boolean): string {
  const [warning, setWarning] = useState('');
  useEffect(() => {
    if (wanted) {
      void containerWarning(canvas).then(setWarning);
    }
  }, [canvas, wanted]);
  return wanted ? warning : '';
}

/** Chooses which code runs: the current file, or a pinned version. */
function VersionChoice({ id, fields, readOnly }: IChoiceProps): JSX.Element {
  const canvas = useCanvas();
  const { checker, doc, services, trans } = canvas;
  const field = useId();
  const pinned = typeof fields.version === 'string' ? fields.version : '';
  const executable = useSignal(checker.changed, () => checker.reading(id)?.executable ?? '');
  const [versions, setVersions] = useState<readonly IVersion[]>([]);
  useEffect(() => {
    if (executable) {
      void services.backend?.versions(executable).then(setVersions, () => setVersions([]));
    }
  }, [services, executable, pinned]);
  const known = !pinned || versions.some(version => version.id === pinned);
  return (
    <div className="nby-Field">
      <div className="nby-Field-head">
        <label htmlFor={field}>{trans.__('Version')}</label>
      </div>
      <select
        id={field}
        className="jp-mod-styled"
        disabled={readOnly}
        value={pinned}
        onChange={event => doc.setField(id, 'version', event.target.value || undefined)}
      >
        <option value="">
          {fields.path === undefined ? trans.__('newest version') : trans.__('current file')}
        </option>
        {!known && <option value={pinned}>{trans.__('pinned to %1', pinned)}</option>}
        {versions.map(version => (
          <option key={version.id} value={version.id}>
            {trans.__('pinned to version %1 · %2', version.number, showMoment(version.created_at))}
          </option>
        ))}
      </select>
    </div>
  );
}
