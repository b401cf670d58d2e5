using ConcertDapr.Contracts;
using Dapr.Workflow;
using Grpc.Core;

namespace ConcertDapr.Payment;

/// <summary>
/// Looks after payments that should have ended: starts sagas that were never started or that the runtime lost or ended without
/// an outcome. Starting one again is safe, for every step finds its first effect. Any number of replicas may run this.
/// </summary>
internal sealed class Reconciler : BackgroundService
{
    private readonly PaymentStore _payments;
    private readonly Sagas _sagas;
    private readonly PaymentPolicy _policy;
    private readonly TimeProvider _clock;
    private readonly ILogger<Reconciler> _log;
    private Backlog _backlog = new(0, 0);

    public Reconciler(PaymentStore payments, Sagas sagas, PaymentPolicy policy, TimeProvider clock, ILogger<Reconciler> log)
    {
        (_payments, _sagas, _policy, _clock, _log) = (payments, sagas, policy, clock, log);
        PaymentMetrics.Observe(() => _backlog);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(_policy.ReconcileEvery, _clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ReconcileAsync();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Database or runtime away: the next round tries again.
                _log.ReconcileFailed(e);
            }
        }
    }

    private async Task ReconcileAsync()
    {
        _backlog = await _payments.BacklogAsync(_policy.StaleAfter);
        foreach (var payment in await _payments.UnfinishedAsync(_policy.StaleAfter))
        {
            if (NeedsStart(await _sagas.StatusAsync(payment.Order.PaymentId)))
            {
                _log.Restarting(payment.Order.PaymentId, payment.Status);
                await _sagas.StartAsync(payment.Order);
            }
            await _payments.TouchAsync(payment.Order.PaymentId);
        }
    }

    /// <summary>A workflow that is gone or has ended, while its payment has not, is started again.</summary>
    internal static bool NeedsStart(WorkflowRuntimeStatus? status) => status is null
        or WorkflowRuntimeStatus.Unknown or WorkflowRuntimeStatus.Completed or WorkflowRuntimeStatus.Failed
        or WorkflowRuntimeStatus.Terminated or WorkflowRuntimeStatus.Canceled;
}
