import { copyIcon } from '@jupyterlab/ui-components';
import { lazy, ReactNode, Suspense, useCallback, useState } from 'react';
import { Dataset, DatasetVersion } from '../../api/types';
import { belowRoot } from '../../api/paths';
import { LinkButton } from '../../components/Button';
import { showBytes } from '../../components/format/bytes';
import { More } from '../../components/More';
import { copyText } from '../../components/problems';
import { StateMark } from '../../components/StateMark';
import { ITablePart, PartedTable } from '../../components/table/TablePart';
import { Tabs } from '../../components/Tabs';
import { Facts } from '../../components/text/Facts';
import { isOwner, mayChange } from '../../components/format/roles';
import { HeadActions } from '../frame/HeadActions';
import { IPanelServices } from '../frame/services';
import { ShownItem } from '../frame/ShownItem';
import { imageType, ImageView } from './ImageView';
import { ProfileView } from './Profile';
import { DownloadLink, useVersions, Versions } from './Versions';
import { reasonText } from '../../reasons';

const Lineage = lazy(() => import('../../runs/view/lineage/Lineage'));

interface IDatasetViewProps {
  services: IPanelServices;
  id: string;
}

/** One dataset: its rows, its columns as charts, its versions. */
export default function DatasetView({ services, id }: IDatasetViewProps): JSX.Element {
  return (
    <ShownItem {...{ services, id }} noun="dataset" collection={services.yard.datasets}>
      {dataset => <Loaded services={services} dataset={dataset} />}
    </ShownItem>
  );
}

interface ILoadedProps {
  services: IPanelServices;
  dataset: Dataset;
}

function Loaded({ services, dataset }: ILoadedProps): JSX.Element {
  const { yard, trans, commands } = services;
  const { id, current } = dataset;
  const versions = useVersions(services, dataset);
  const [chosen, setTab] = useState('preview');
  const [number, setNumber] = useState<number>();
  const shown = versions.find(version => version.number === number) ?? current;
  const pending = shown.state !== 'ready';
  const isTable = typeof shown.rows === 'number' || !!shown.columns;
  const tabs = [
    { id: 'preview', label: isTable || pending ? trans.__('Rows') : trans.__('Preview') },
    { id: 'profile', label: trans.__('Profile') },
    { id: 'versions', label: trans.__('Versions'), mark: current.number },
    { id: 'lineage', label: trans.__('Lineage') }
  ].filter(({ id: tab }) => tab !== 'profile' || isTable || pending);
  const tab = tabs.some(offered => offered.id === chosen) ? chosen : 'preview';
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <h2>{dataset.name}</h2>
        <StateMark state={shown.state} trans={trans} />
        {current.number > 1 && (
          <span className="nby-Dim">{trans.__('version %1', shown.number)}</span>
        )}
        <span className="nby-Space" />
        {shown.id !== current.id && <DownloadLink services={services} version={shown} />}
        <HeadActions
          {...{ commands, trans }}
          ids={[
            'nbyard:notebook-from-dataset',
            ...(shown.id === current.id ? ['nbyard:download-dataset'] : []),
            ...(mayChange(dataset) ? ['nbyard:replace-dataset'] : []),
            ...(isOwner(dataset) ? ['nbyard:delete-dataset'] : [])
          ]}
          args={{ id }}
        />
      </div>
      {dataset.notice && <p className="nby-Warning">{reasonText(dataset.notice, trans)}</p>}
      <ShownFacts dataset={dataset} version={shown} services={services} />
      <Tabs label={trans.__('Dataset')} current={tab} onChange={setTab} tabs={tabs}>
        {tab === 'versions' ? (
          <Versions
            dataset={dataset}
            versions={versions}
            services={services}
            shown={shown.number}
            onShow={wanted => {
              setNumber(wanted === current.number ? undefined : wanted);
              setTab('preview');
            }}
          />
        ) : tab === 'lineage' ? (
          <Suspense fallback={<p className="nby-Note">{trans.__('Opening…')}</p>}>
            <Lineage
              services={services}
              start={{ kind: 'dataset', key: id, version: shown.number }}
            />
          </Suspense>
        ) : pending ? (
          <p className="nby-Note" role="status">
            {shown.state === 'failed'
              ? trans.__('The import failed: %1', reasonText(shown.reason, trans))
              : shown.bytes_done
                ? trans.__('Importing, %1 so far…', showBytes(shown.bytes_done))
                : trans.__('Importing…')}
          </p>
        ) : !isTable ? (
          <Other key={shown.id} services={services} version={shown} />
        ) : tab === 'preview' ? (
          <Rows key={shown.id} yard={yard} id={id} version={shown.number} services={services} />
        ) : (
          <ProfileView key={shown.id} services={services} id={id} version={shown.number} />
        )}
      </Tabs>
    </div>
  );
}

/** Shown for data without rows: an image, or why there is no preview. */
function Other({
  services,
  version
}: {
  services: IPanelServices;
  version: DatasetVersion;
}): JSX.Element {
  const { trans } = services;
  return imageType(version.filename) ? (
    <ImageView services={services} version={version} />
  ) : (
    <div className="nby-Note">
      <p>
        {trans.__(
          'This dataset is not a table and has no rows to show. Runs can use it, and it can be downloaded.'
        )}
      </p>
      {version.reason && <p className="nby-Dim">{reasonText(version.reason, trans)}</p>}
    </div>
  );
}

interface IRowsProps {
  yard: IPanelServices['yard'];
  id: string;
  version: number;
  services: IPanelServices;
}

function Rows({ yard, id, version, services }: IRowsProps): JSX.Element {
  const load = useCallback(
    (offset: number, limit: number, part: ITablePart) =>
      yard.client.call('datasets.preview', {
        path: { dataset: id },
        query: { offset, limit, version, ...part }
      }),
    [yard, id, version]
  );
  return <PartedTable label={services.trans.__('Rows')} load={load} trans={services.trans} />;
}

interface IFactsProps {
  dataset: Dataset;
  version: DatasetVersion;
  services: IPanelServices;
}

function ShownFacts({ dataset, version, services }: IFactsProps): JSX.Element {
  const { trans } = services;
  const { format, source, size_bytes, rows, columns } = version;
  const digest = (version.digest ?? '').replace(/^sha256:/, '');
  const size = typeof size_bytes === 'number' ? showBytes(size_bytes) : '';
  const shape = typeof rows === 'number' ? `${rows.toLocaleString()} × ${columns}` : '';
  // only the current version is linked
  const place = version.id === dataset.current.id ? (dataset.resource ?? '') : '';
  return (
    <div className="nby-Dataset-facts">
      <p>{[shape, format, size].filter(Boolean).join(' · ')}</p>
      <More summary={trans.__('Details')}>
        <Facts
          facts={[
            [trans.__('Comes from'), belowRoot(source) ?? source],
            [trans.__('Opens as'), copied(place, trans.__('The path is copied.'))],
            [trans.__('ID'), copied(dataset.id, trans.__('The ID is copied.'))],
            [trans.__('SHA-256'), copied(digest, trans.__('The SHA-256 is copied.'))]
          ]}
        />
      </More>
    </div>
  );
}

/** Return a value that a click copies, with the message afterwards. */
function copied(value: string, said: string): ReactNode {
  return (
    value && (
      <LinkButton className="nby-Code" title={value} onClick={() => void copyText(value, said)}>
        {value}
        <copyIcon.react tag="span" className="nby-Icon" />
      </LinkButton>
    )
  );
}
