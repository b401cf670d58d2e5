// The part of Grpc.Core.Api's public shape that the Dapr SDK surfaces to its callers.
#pragma warning disable CA1710 // Metadata is the official name of this collection.
using System.Collections.ObjectModel;

namespace Grpc.Core;

/// <summary>Result code of a gRPC call; the numbers are the protocol's.</summary>
public enum StatusCode
{
    OK = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// <summary>Code and text of a gRPC call's end.</summary>
public readonly record struct Status(StatusCode StatusCode, string Detail, Exception? DebugException = null)
{
    /// <inheritdoc/>
    public override string ToString() => $"Status(StatusCode=\"{StatusCode}\", Detail=\"{Detail}\")";
}

/// <summary>Headers or trailers of a call; names are lower case, names ending in <c>-bin</c> carry bytes.</summary>
public sealed class Metadata : Collection<Metadata.Entry>
{
    /// <summary>One header.</summary>
    public sealed class Entry
    {
        /// <summary>A header with text.</summary>
        public Entry(string key, string value) => (Key, Value, ValueBytes) = (key, value, System.Text.Encoding.ASCII.GetBytes(value));

        /// <summary>A binary header; <paramref name="key"/> ends in <c>-bin</c>.</summary>
        public Entry(string key, byte[] valueBytes) => (Key, Value, ValueBytes) = (key, "", valueBytes);

        /// <summary>Lower-case name.</summary>
        public string Key { get; }

        /// <summary>Text; empty for a binary header.</summary>
        public string Value { get; }

        /// <summary>Bytes; of a text header its ASCII bytes.</summary>
#pragma warning disable CA1819 // the official signature
        public byte[] ValueBytes { get; }
#pragma warning restore CA1819

        /// <summary>Whether the name ends in <c>-bin</c>.</summary>
        public bool IsBinary => Key.EndsWith("-bin", StringComparison.Ordinal);
    }

    /// <summary>Adds a text header.</summary>
    public void Add(string key, string value) => Add(new Entry(key, value));

    /// <summary>Adds a binary header.</summary>
    public void Add(string key, byte[] valueBytes) => Add(new Entry(key, valueBytes));

    /// <summary>The last entry of this name, or null.</summary>
    public Entry? Get(string key) => this.LastOrDefault(e => e.Key == key);

    /// <summary>The last text of this name, or null.</summary>
    public string? GetValue(string key) => Get(key)?.Value;

    /// <summary>The last bytes of this name, or null.</summary>
    public byte[]? GetValueBytes(string key) => Get(key)?.ValueBytes;
}

/// <summary>A gRPC call that did not end with <see cref="StatusCode.OK"/>.</summary>
public class RpcException : Exception
{
    /// <summary>A failed call without trailers.</summary>
    public RpcException(Status status) : this(status, [], status.ToString()) { }

    /// <summary>A failed call with its own exception text.</summary>
    public RpcException(Status status, string message) : this(status, [], message) { }

    /// <summary>A failed call with the trailers that came with it.</summary>
    public RpcException(Status status, Metadata trailers) : this(status, trailers, status.ToString()) { }

    /// <summary>A failed call with trailers and its own exception text.</summary>
    public RpcException(Status status, Metadata trailers, string message) : base(message, status.DebugException) =>
        (Status, Trailers) = (status, trailers);

    /// <summary>Code and text as the server gave them, or as the client made them.</summary>
    public Status Status { get; }

    /// <summary>Shorthand for the code of <see cref="Status"/>.</summary>
    public StatusCode StatusCode => Status.StatusCode;

    /// <summary>Trailers of the call; <c>grpc-status-details-bin</c> holds a google.rpc.Status.</summary>
    public Metadata Trailers { get; }
}
