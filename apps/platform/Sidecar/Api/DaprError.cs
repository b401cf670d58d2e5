using Grpc.Core;

namespace ConcertDapr.Sidecar.Api;

/// <summary>
/// A refused or failed API call, in the terms of both protocols. <see cref="Exception.Message"/> is the gRPC message and,
/// unless <see cref="HttpMessage"/> says otherwise, the HTTP one.
/// </summary>
/// <param name="httpStatus">Status of the HTTP answer.</param>
/// <param name="errorCode">The <c>ERR_…</c> of the HTTP answer.</param>
/// <param name="grpcCode">Status of the gRPC answer.</param>
internal sealed class DaprError(int httpStatus, string errorCode, StatusCode grpcCode, string message, Exception? inner = null)
    : Exception(message, inner)
{
    public int HttpStatus { get; } = httpStatus;

    public string ErrorCode { get; } = errorCode;

    public StatusCode GrpcCode { get; } = grpcCode;

    public string? HttpMessage { get; init; }

    /// <summary>Details of the gRPC status.</summary>
    public IReadOnlyList<ErrorDetail> Details { get; init; } = [];

    /// <summary>Details of the HTTP body; null leaves the member out, as most errors do.</summary>
    public IReadOnlyList<ErrorDetail>? HttpDetails { get; init; }
}

/// <summary>One of google.rpc's error details.</summary>
internal abstract record ErrorDetail
{
    /// <param name="Reason"><c>DAPR_…</c>, or the <c>ERR_…</c> tag where daprd has no other.</param>
    /// <param name="Metadata">Null and empty differ over HTTP.</param>
    public sealed record Info(string Reason, IReadOnlyDictionary<string, string>? Metadata) : ErrorDetail;

    public sealed record Resource(string Type, string Name, string Owner, string Description) : ErrorDetail;

    public sealed record BadRequest(string Field, string Description) : ErrorDetail;

    public sealed record Help(string Url, string Description) : ErrorDetail;
}
