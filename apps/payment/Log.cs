using ConcertDapr.Contracts;

namespace ConcertDapr.Payment;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Critical, "Payment {Payment} could not be undone ({Reason}); the reconciler tries on")]
    public static partial void CompensationStuck(this ILogger log, PaymentId payment, string? reason);

    [LoggerMessage(2, LogLevel.Warning, "The saga of payment {Payment} was not started; the reconciler will")]
    public static partial void StartFailed(this ILogger log, Exception exception, PaymentId payment);

    [LoggerMessage(4, LogLevel.Warning, "Reconciling failed; trying again")]
    public static partial void ReconcileFailed(this ILogger log, Exception exception);

    [LoggerMessage(5, LogLevel.Warning, "Starting the saga of payment {Payment} ({Status}) again")]
    public static partial void Restarting(this ILogger log, PaymentId payment, PaymentStatus status);

    [LoggerMessage(6, LogLevel.Error, "The saga of payment {Payment} ended in a fault of its code: {Error}: {Text}")]
    public static partial void SagaFaulted(this ILogger log, PaymentId payment, string error, string text);
}
