using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rpc = ConcertDapr.Wire.Rpc;

namespace ConcertDapr.Wire;

/// <summary>gRPC's header and frame encodings, shared by client and server.</summary>
public static class GrpcFraming
{
    /// <summary>Trailer with the serialised google.rpc.Status of an error.</summary>
    public const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>Bytes before each message: one flag (1 = compressed) and a big-endian length.</summary>
    internal const int HeaderSize = 5;

    internal static byte[] Frame(IMessage message)
    {
        var size = message.CalculateSize();
        var frame = new byte[HeaderSize + size];
        WriteHeader(frame, size, compressed: false);
        message.WriteTo(frame.AsSpan(HeaderSize));
        return frame;
    }

    internal static void WriteHeader(Span<byte> header, int size, bool compressed)
    {
        header[0] = compressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(header[1..], (uint)size);
    }

    internal static (bool Compressed, uint Size) ReadHeader(ReadOnlySpan<byte> header) =>
        (header[0] != 0, BinaryPrimitives.ReadUInt32BigEndian(header[1..]));

    /// <summary>The text as a <c>grpc-message</c>: UTF-8, with everything but printable ASCII percent-encoded.</summary>
    public static string EncodeMessage(string message)
    {
        var text = new StringBuilder(message.Length);
        foreach (var b in Encoding.UTF8.GetBytes(message))
            _ = b is >= 0x20 and <= 0x7e and not (byte)'%' ? text.Append((char)b) : text.Append(CultureInfo.InvariantCulture, $"%{b:X2}");
        return text.ToString();
    }

    /// <summary>The text of a <c>grpc-message</c>; malformed escapes stay as they are.</summary>
    public static string DecodeMessage(string message) => message.Contains('%') ? Uri.UnescapeDataString(message) : message;

    /// <summary>Bytes of a <c>-bin</c> header, with or without base64 padding.</summary>
    /// <exception cref="FormatException">Not base64.</exception>
    public static byte[] DecodeBinary(string value) =>
        Convert.FromBase64String(value.TrimEnd('=').PadRight((value.TrimEnd('=').Length + 3) / 4 * 4, '='));

    /// <summary>A <c>-bin</c> header: base64 without padding.</summary>
    public static string EncodeBinary(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>A duration as <c>grpc-timeout</c> (at most eight digits and a unit).</summary>
    public static string EncodeTimeout(TimeSpan timeout)
    {
        var milliseconds = Math.Max(1, (long)Math.Ceiling(timeout.TotalMilliseconds));
        return milliseconds <= 99_999_999 ? $"{milliseconds}m" : $"{Math.Min(99_999_999, milliseconds / 1000)}S";
    }

    /// <summary>The duration of a <c>grpc-timeout</c>, or null where it is absent or malformed.</summary>
    public static TimeSpan? DecodeTimeout(string? value)
    {
        if (string.IsNullOrEmpty(value) || !long.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None,
            CultureInfo.InvariantCulture, out var amount))
            return null;
        return value[^1] switch
        {
            'H' => TimeSpan.FromHours(Math.Min(amount, 1_000_000)),
            'M' => TimeSpan.FromMinutes(amount),
            'S' => TimeSpan.FromSeconds(amount),
            'm' => TimeSpan.FromMilliseconds(amount),
            'u' => TimeSpan.FromMicroseconds(amount),
            'n' => TimeSpan.FromMicroseconds(amount / 1000),
            _ => null,
        };
    }

    /// <summary>The error's google.rpc.Status, or null when the server sent no details.</summary>
    public static Rpc.Status? GetRpcStatus(this RpcException exception) =>
        exception.Trailers.GetValueBytes(DetailsTrailer) is { } bytes ? Rpc.Status.Parser.ParseFrom(bytes) : null;

    /// <summary>The first detail of this message type (for example <see cref="Rpc.ErrorInfo"/>), or null.</summary>
    public static T? GetDetail<T>(this RpcException exception) where T : class, IMessage<T>, new() =>
        exception.GetRpcStatus()?.Details.FirstOrDefault(d => d.Is(new T().Descriptor))?.Unpack<T>();

    /// <summary>An error as servers raise it; with details it gets a matching google.rpc.Status in its trailers.</summary>
    public static RpcException Error(StatusCode code, string message, params IReadOnlyCollection<IMessage> details)
    {
        var trailers = new Metadata();
        if (details.Count > 0)
        {
            var status = new Rpc.Status { Code = (int)code, Message = message };
            status.Details.AddRange(details.Select(d => Any.Pack(d)));
            trailers.Add(DetailsTrailer, status.ToByteArray());
        }
        return new RpcException(new Status(code, message), trailers);
    }
}
