namespace Dapr;

/// <summary>The sidecar refused or could not carry out a call; the cause is the inner exception.</summary>
public class DaprException : Exception
{
    public DaprException(string message) : base(message) { }

    public DaprException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>An error the sidecar's HTTP API answered with, carrying its code (<c>ERR_…</c>, or <c>UNKNOWN</c>).</summary>
public class DaprApiException : DaprException
{
    public DaprApiException() : this("", null, null, false) { }

    public DaprApiException(string message) : this(message, null, null, false) { }

    public DaprApiException(string message, Exception innerException) : this(message, innerException, null, false) { }

    public DaprApiException(string? errorCode, bool isTransient) : this("", null, errorCode, isTransient) { }

    public DaprApiException(string message, string? errorCode, bool isTransient)
        : this(message, null, errorCode, isTransient) { }

    public DaprApiException(string message, Exception? inner, string? errorCode, bool isTransient)
        : base(message, inner!)
    {
        ErrorCode = errorCode ?? "UNKNOWN";
        IsTransient = isTransient;
    }

    /// <summary>The sidecar's error code.</summary>
    public string ErrorCode { get; }

    /// <summary>Whether repeating the call can help.</summary>
    public bool IsTransient { get; }
}
