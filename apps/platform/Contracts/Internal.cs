namespace ConcertDapr.Contracts;

// What services say to each other over Dapr invocation. Paths carry no ids (circuit breakers are kept per path).

/// <summary>Dapr app ids and components shared by several services.</summary>
public static class Apps
{
    /// <summary>App id.</summary>
    public const string Gateway = "gateway", Catalog = "catalog", Queue = "queue", Reservation = "reservation", Payment = "payment",
        Users = "users", Notification = "notification";

    /// <summary>The Redis state store. Its key prefix is its own name, so that queue and gateway share the waiting rooms.</summary>
    public const string StateStore = "statestore";

    /// <summary>The lock store.</summary>
    public const string LockStore = "lockstore";
}

/// <summary>Headers that only the gateway sets; it strips what callers send under these names.</summary>
public static class TrustedHeaders
{
    /// <summary>The authenticated account.</summary>
    public const string UserId = "X-User-Id";

    /// <summary>Its roles, comma separated.</summary>
    public const string Roles = "X-User-Roles";

    /// <summary>The waiting room that admitted the caller.</summary>
    public const string QueueTarget = "X-Queue-Target";

    /// <summary>The caller's sequence number there.</summary>
    public const string QueueSequence = "X-Queue-Sequence";

    /// <summary>On an answer: the caller's visit is over with it, and their place to be given up.</summary>
    public const string VisitEnded = "X-Visit-Ended";
}

/// <summary>A place in the house's waiting room: its token, and where it stands.</summary>
public sealed record HousePlace(string Token, EnterResponse Status);

/// <summary>Checks e-mail and password. 200 with the account, or 401.</summary>
public sealed record VerifyPasswordRequest(string Email, string Password);

/// <summary>Spends points once under <c>{PaymentId}:charge</c>.</summary>
public sealed record UsePointsRequest(UserId UserId, PaymentId PaymentId, Points Amount);

/// <summary>Undoes the charge of a payment; where none arrived yet, bars it for good.</summary>
public sealed record RefundPointsRequest(UserId UserId, PaymentId PaymentId);

/// <summary>What the saga learns of a reservation.</summary>
public sealed record ReservationCheck(ReservationId ReservationId, UserId UserId, ShowId ShowId, Points Amount, ReservationStatus Status,
    DateTimeOffset ExpiresAt);

/// <summary>Turns held seats into tickets for a payment; repeating it finds the same tickets.</summary>
public sealed record ConfirmRequest(ReservationId ReservationId, PaymentId PaymentId);

/// <summary>Gives seats (and tickets of this payment, if any) back; a later confirm of it is refused.</summary>
public sealed record ReleaseRequest(ReservationId ReservationId, PaymentId PaymentId);

/// <summary>How a saga step ended where its end is not a fault. <paramref name="Code"/> is null when done.</summary>
public sealed record StepResult(string? Code = null, string? Detail = null)
{
    /// <summary>The step is done, now or before.</summary>
    public static readonly StepResult Done = new();

    /// <summary>Whether the step is done.</summary>
    public bool Ok => Code is null;
}
