import '../../../style/run-table.css';
import { ReactWidget } from '@jupyterlab/ui-components';
import { useState } from 'react';
import { useAnswer } from '../../api/useAnswer';
import { Button } from '../../components/Button';
import { Tabs } from '../../components/Tabs';
import { showMoment, useNow } from '../../components/format/times';
import { Refusal } from '../../components/text/messages';
import { runsIcon } from '../../icons/startup';
import { confirm } from '../frame/dialogs/confirm';
import { reportFailure } from '../frame/reportFailure';
import { IPanelServices } from '../frame/services';
import { quotaOf } from './columns';
import { askBroadcast, askDrain, askQuota } from './dialogs';
import { Listing } from './Listing';
import { Usage } from './Usage';

/** How often the tables are read again while they are visible, in milliseconds. */
const AGAIN = 10_000;

export function createPage(services: IPanelServices): ReactWidget {
  const page = ReactWidget.create(<AdminPage services={services} />);
  page.addClass('nby-Panel');
  return page;
}

/** The work of all users, and what administrators can do about it. */
export default function AdminPage({ services }: { services: IPanelServices }): JSX.Element {
  const { yard, trans } = services;
  const { client } = yard;
  const [tab, setTab] = useState('runs');
  const [user, setUser] = useState('');
  const [changes, setChanges] = useState(0);
  const turn = useNow(true, AGAIN) + changes;
  const { answer, problem } = useAnswer(client, 'system.announcements', {}, { turn });
  const { drain, broadcast } = answer ?? {};
  const act = (failed: string, action: () => Promise<unknown>) =>
    void reportFailure(services, failed, action).then(() => setChanges(count => count + 1));
  const shown = { services, user, turn, act };
  return (
    <div className="nby-View nby-RunsPage">
      <div className="nby-View-header">
        <runsIcon.react tag="span" className="nby-Icon" />
        <h2>{trans.__('nbyard Administration')}</h2>
        <span className="nby-Space" />
        <Button
          onClick={() =>
            act(trans.__('Not changed.'), () =>
              drain ? client.call('admin.resume', {}) : askDrain(services)
            )
          }
        >
          {drain ? trans.__('Resume New Tasks') : trans.__('Pause New Tasks…')}
        </Button>
        <Button onClick={() => act(trans.__('Not shown.'), () => askBroadcast(services))}>
          {trans.__('Message to All Users…')}
        </Button>
        {broadcast && (
          <Button
            onClick={() => act(trans.__('Not removed.'), () => client.call('admin.withdraw', {}))}
          >
            {trans.__('Remove Message')}
          </Button>
        )}
      </div>
      <Refusal className="nby-Note">{problem}</Refusal>
      <div role="status">
        {drain && (
          <p className="nby-Note">
            {trans.__('New tasks wait since %1: %2', showMoment(drain.since), drain.text)}
          </p>
        )}
        {broadcast && (
          <p className="nby-Note">
            {trans.__(
              'Shown to all users until %1: %2',
              showMoment(broadcast.until),
              broadcast.text
            )}
          </p>
        )}
      </div>
      <Tabs
        label={trans.__('nbyard Administration')}
        tabs={[
          { id: 'runs', label: trans.__('Runs') },
          { id: 'queue', label: trans.__('Queue') },
          { id: 'deployments', label: trans.__('Deployments') },
          { id: 'usage', label: trans.__('Usage') },
          { id: 'quotas', label: trans.__('Quotas') },
          { id: 'audit', label: trans.__('Audit') }
        ]}
        current={tab}
        onChange={setTab}
      >
        {!['queue', 'usage', 'quotas'].includes(tab) && (
          <div className="nby-Bar">
            <label>
              {trans.__('User')}{' '}
              <input
                className="jp-mod-styled"
                type="search"
                value={user}
                onChange={event => setUser(event.target.value)}
              />
            </label>
          </div>
        )}
        {tab === 'runs' && (
          <Listing
            {...shown}
            id="admin.runs"
            label={trans.__('Runs')}
            none={trans.__('No runs.')}
            action={{
              label: trans.__('Cancel'),
              isFor: ({ finished_at }) => !finished_at,
              run: async ({ id, number, owner }) => {
                const request = {
                  id: 'admin.cancel_run',
                  question: { path: { run: id } }
                } as const;
                const title = trans.__('Cancel run %1 of %2?', number, owner);
                const text = trans.__('Its tasks stop. The audit log records this.');
                if (await confirm(services, title, text, request, trans.__('Cancel Run'))) {
                  await client.call(request.id, request.question);
                }
              }
            }}
          />
        )}
        {tab === 'queue' && (
          <Listing
            {...shown}
            id="admin.queue"
            label={trans.__('Queue')}
            none={trans.__('No task waits.')}
          />
        )}
        {tab === 'deployments' && (
          <Listing
            {...shown}
            id="admin.deployments"
            label={trans.__('Deployments')}
            none={trans.__('No deployments.')}
            action={{
              label: trans.__('Stop'),
              isFor: ({ state }) => !['stopped', 'stopping'].includes(state),
              run: async ({ id, name, owner }) => {
                const path = { deployment: id };
                const request = { id: 'admin.stop_deployment', question: { path } } as const;
                const title = trans.__('Stop “%1” of %2?', name, owner);
                const text = trans.__('Its owner can start it again. The audit log records this.');
                if (await confirm(services, title, text, request, trans.__('Stop'))) {
                  await client.call(request.id, request.question);
                }
              }
            }}
          />
        )}
        {tab === 'usage' && <Usage services={services} turn={turn} />}
        {tab === 'quotas' && (
          <>
            <div className="nby-Bar">
              <Button onClick={() => act(trans.__('Not changed.'), () => askQuota(services))}>
                {trans.__('Set Quota…')}
              </Button>
            </div>
            <Listing
              {...shown}
              id="quotas.list"
              label={trans.__('Quotas')}
              none={trans.__('No quotas: nothing is limited.')}
              edit={quota => askQuota(services, quota)}
              action={{
                label: trans.__('Delete'),
                isFor: () => true,
                run: async ({ id, kind, name }) => {
                  const request = {
                    id: 'quotas.delete',
                    question: { path: { quota: id } }
                  } as const;
                  const title = trans.__('Delete the quota of “%1”?', quotaOf(kind, name, trans));
                  const text = trans.__('Its limits no longer apply. Running tasks continue.');
                  if (await confirm(services, title, text, request)) {
                    await client.call(request.id, request.question);
                  }
                }
              }}
            />
          </>
        )}
        {tab === 'audit' && (
          <Listing
            {...shown}
            id="audit.list"
            label={trans.__('Audit')}
            none={trans.__('No changes.')}
          />
        )}
      </Tabs>
    </div>
  );
}
