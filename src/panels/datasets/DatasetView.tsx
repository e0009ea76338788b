import { useCallback, useEffect, useState } from 'react';
import { Dataset, DatasetVersion } from '../../api/types';
import { showBytes } from '../../components/bytes';
import { CommandButton } from '../../components/CommandButton';
import { DataTable } from '../../components/DataTable';
import { copyText } from '../../components/problems';
import { StateMark } from '../../components/StateMark';
import { Tabs } from '../../components/Tabs';
import { showMoment } from '../../components/times';
import { useSignal } from '../../components/useSignal';
import { IPanelServices } from '../services';
import { ProfileView } from './Profile';

interface IDatasetViewProps {
  services: IPanelServices;
  id: string;
}

/** One dataset: its rows, its columns in pictures, its versions. */
export default function DatasetView({ services, id }: IDatasetViewProps): JSX.Element {
  const { yard, trans, commands } = services;
  const dataset = useDataset(services, id);
  const [tab, setTab] = useState('preview');
  const [version, setVersion] = useState<number>();
  if (typeof dataset === 'string') {
    return <p className="nby-Note">{dataset}</p>;
  }
  if (!dataset) {
    return <p className="nby-Note">{trans.__('Loading…')}</p>;
  }
  const { current } = dataset;
  const shown = version ?? current.number;
  const readable = typeof current.rows === 'number' || !!current.columns;
  const pending = current.state !== 'ready' && shown === current.number;
  const none = pending
    ? current.state === 'failed'
      ? trans.__('The import failed: %1', current.reason ?? '')
      : trans.__('Importing, %1 so far…', showBytes(current.bytes_done ?? 0))
    : readable
      ? undefined
      : trans.__('This is no table: there are no rows to show. It can be used and downloaded.');
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <h2>{dataset.name}</h2>
        <StateMark state={current.state} trans={trans} />
        {current.number > 1 && <span className="nby-Dim">{trans.__('version %1', shown)}</span>}
        <span className="nby-Space" />
        {['notebook-from-dataset', 'download-dataset', 'replace-dataset', 'delete-dataset'].map(
          name => (
            <CommandButton key={name} commands={commands} id={`nbyard:${name}`} args={{ id }} />
          )
        )}
      </div>
      <Facts dataset={dataset} services={services} />
      <Tabs
        label={trans.__('Dataset')}
        current={tab}
        onChange={setTab}
        tabs={[
          { id: 'preview', label: trans.__('Rows') },
          { id: 'profile', label: trans.__('Profile') },
          { id: 'versions', label: trans.__('Versions'), mark: current.number }
        ]}
      >
        {tab === 'versions' ? (
          <Versions
            dataset={dataset}
            services={services}
            shown={shown}
            onShow={number => {
              setVersion(number);
              setTab('preview');
            }}
          />
        ) : none ? (
          <p className="nby-Note">{none}</p>
        ) : tab === 'preview' ? (
          <Rows key={shown} yard={yard} id={id} version={shown} services={services} />
        ) : (
          <ProfileView key={shown} services={services} id={id} version={shown} />
        )}
      </Tabs>
    </div>
  );
}

/** The dataset, kept true; text when it cannot be shown. */
function useDataset(services: IPanelServices, id: string): Dataset | string | undefined {
  const { datasets } = services.yard;
  const listed = useSignal(datasets.changed, () => datasets.find(id));
  const [found, setFound] = useState<Dataset | string>();
  useEffect(() => {
    void datasets.start();
    services.yard.client
      .call('datasets.get', { path: { dataset: id } })
      .then(setFound)
      .catch((error: Error) => setFound(error.message));
  }, [services, datasets, id]);
  return listed ?? found;
}

interface IRowsProps {
  yard: IPanelServices['yard'];
  id: string;
  version: number;
  services: IPanelServices;
}

function Rows({ yard, id, version, services }: IRowsProps): JSX.Element {
  const load = useCallback(
    (offset: number, limit: number) =>
      yard.client.call('datasets.preview', {
        path: { dataset: id },
        query: { offset, limit, version }
      }),
    [yard, id, version]
  );
  return <DataTable label={services.trans.__('Rows')} load={load} trans={services.trans} />;
}

function Facts({ dataset, services }: { dataset: Dataset; services: IPanelServices }): JSX.Element {
  const { trans } = services;
  const { current } = dataset;
  const digest = (current.digest ?? '').replace(/^sha256:/, '');
  const size = typeof current.size_bytes === 'number' ? showBytes(current.size_bytes) : '';
  const shape =
    typeof current.rows === 'number' ? `${current.rows.toLocaleString()} × ${current.columns}` : '';
  return (
    <dl className="nby-Facts">
      <Fact name={trans.__('Rows × columns')} value={shape} />
      <Fact name={trans.__('Size')} value={[current.format, size].filter(Boolean).join(' · ')} />
      <Fact name={trans.__('Id')} value={dataset.id} copied={trans.__('The id is copied.')} />
      <Fact name={trans.__('SHA-256')} value={digest} copied={trans.__('The SHA-256 is copied.')} />
      <Fact
        name={trans.__('Opens as')}
        value={dataset.resource ?? ''}
        copied={trans.__('The path is copied.')}
      />
      <Fact name={trans.__('Comes from')} value={current.source} />
    </dl>
  );
}

interface IFactProps {
  name: string;
  value: string;
  /** Said after it was copied; without it there is no button. */
  copied?: string;
}

function Fact({ name, value, copied }: IFactProps): JSX.Element | null {
  if (!value) {
    return null;
  }
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {copied ? (
          <button
            type="button"
            className="nby-Link nby-Code"
            title={value}
            onClick={() => void copyText(value, copied)}
          >
            {value}
          </button>
        ) : (
          value
        )}
      </dd>
    </div>
  );
}

interface IVersionsProps {
  dataset: Dataset;
  services: IPanelServices;
  shown: number;
  onShow: (number: number) => void;
}

function Versions({ dataset, services, shown, onShow }: IVersionsProps): JSX.Element {
  const { yard, trans } = services;
  const { id, current } = dataset;
  const [versions, setVersions] = useState<readonly DatasetVersion[]>([current]);
  useEffect(() => {
    yard.client
      .call('datasets.versions', { path: { dataset: id } })
      .then(({ items }) => setVersions(items))
      .catch(() => undefined);
  }, [yard, id, current]);
  return (
    <table className="nby-Table">
      <thead>
        <tr>
          <th scope="col">{trans.__('Version')}</th>
          <th scope="col">{trans.__('State')}</th>
          <th scope="col">{trans.__('Rows × columns')}</th>
          <th scope="col">{trans.__('Size')}</th>
          <th scope="col">{trans.__('Made')}</th>
          <th scope="col">{trans.__('SHA-256')}</th>
          <th scope="col">{trans.__('Download')}</th>
        </tr>
      </thead>
      <tbody>
        {versions.map(version => (
          <tr key={version.id} aria-current={version.number === shown}>
            <th scope="row">
              <button type="button" className="nby-Link" onClick={() => onShow(version.number)}>
                {trans.__('version %1', version.number)}
              </button>
            </th>
            <td>
              <StateMark state={version.state} trans={trans} /> {version.reason}
            </td>
            <td>
              {typeof version.rows === 'number' &&
                `${version.rows.toLocaleString()} × ${version.columns}`}
            </td>
            <td>{typeof version.size_bytes === 'number' && showBytes(version.size_bytes)}</td>
            <td>{showMoment(version.created_at)}</td>
            <td className="nby-Code" title={version.digest}>
              {(version.digest ?? '').replace(/^sha256:/, '').slice(0, 12)}
            </td>
            <td>
              <a
                className="nby-Link"
                download={version.filename}
                href={yard.client.url('datasets.content', {
                  path: { dataset: id },
                  query: { version: version.number }
                })}
              >
                {version.filename}
              </a>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
