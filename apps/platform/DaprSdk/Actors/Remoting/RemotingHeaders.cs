using System.Diagnostics;
using System.Runtime.Serialization;
using System.Text;
using System.Xml;

namespace Dapr.Actors.Remoting;

/// <summary>The type whose contract the request header's root element has; see <see cref="RemotingRequestHeader"/>.</summary>
internal interface IRemotingHeader;

/// <summary>Which method a typed call is for. Text XML in the header <c>X-DaprRequestHeader</c>.</summary>
[DataContract(Name = "ActorHeader", Namespace = "urn:actors")]
internal sealed class RemotingRequestHeader : IRemotingHeader
{
    [DataMember(Name = "MethodId", IsRequired = true, Order = 0)]
    public int MethodId { get; set; }

    [DataMember(Name = "InterfaceId", IsRequired = true, Order = 1)]
    public int InterfaceId { get; set; }

    [DataMember(Name = "InvocationId", IsRequired = false, Order = 2, EmitDefaultValue = false)]
    public string? InvocationId { get; set; }

    [DataMember(IsRequired = false, Order = 3)]
    public ActorId? ActorId { get; set; }

    [DataMember(IsRequired = false, Order = 4)]
    public string? CallContext { get; set; }

    [DataMember(Name = "Headers", IsRequired = true, Order = 5)]
    public Dictionary<string, byte[]> Headers { get; set; } = [];

    [DataMember(Name = "MethodName", IsRequired = false, Order = 6)]
    public string? MethodName { get; set; }

    [DataMember(IsRequired = false, Order = 7)]
    public string? ActorType { get; set; }
}

/// <summary>Says that a typed call threw. Text XML in the header <c>X-DaprErrorResponseHeader</c>.</summary>
[DataContract(Name = "ActorResponseMessageHeaders", Namespace = "urn:actors")]
internal sealed class RemotingResponseHeader : IRemotingHeader
{
    [DataMember(Name = "Headers", IsRequired = true, Order = 2)]
    public Dictionary<string, byte[]> Headers { get; set; } = [];
}

/// <summary>What a typed call threw. Binary XML in the body.</summary>
[DataContract(Name = "ActorInvokeExceptionData", Namespace = "urn:actors")]
internal sealed class RemotingException
{
    [DataMember]
    public string? Type { get; set; }

    [DataMember]
    public string? Message { get; set; }
}

/// <summary>Reads and writes the parts of typed calls that do not depend on the method.</summary>
internal static class RemotingXml
{
    public const string RequestHeader = "X-DaprRequestHeader";
    public const string ErrorHeader = "X-DaprErrorResponseHeader";
    private const string DetailsEntry = "RemoteMethodException";

    private static readonly DataContractSerializer Headers = new(
        typeof(IRemotingHeader), [typeof(RemotingRequestHeader), typeof(RemotingResponseHeader)]);

    private static readonly DataContractSerializer Exceptions = new(typeof(RemotingException));

    public static string Write(IRemotingHeader header)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlDictionaryWriter.CreateTextWriter(stream, Encoding.UTF8, ownsStream: false))
            Headers.WriteObject(writer, header);
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    public static T Read<T>(string header)
        where T : IRemotingHeader
    {
        using var reader = XmlDictionaryReader.CreateTextReader(
            Encoding.UTF8.GetBytes(header), XmlDictionaryReaderQuotas.Max);
        return (T)Headers.ReadObject(reader)!;
    }

    /// <summary>The header and body that tell a caller of an exception.</summary>
    public static (string Header, byte[] Body) Write(Exception e)
    {
        var frame = new StackTrace(e, fNeedFileInfo: true).GetFrame(0);
        var details = $"Exception: {e.GetType().Name}, Method Name: {frame?.GetMethod()?.Name}, "
            + $"Line Number: {frame?.GetFileLineNumber() ?? 0}, Exception uuid: {Guid.NewGuid()}";
        var header = new RemotingResponseHeader
        {
            Headers = { ["HasRemoteException"] = [], [DetailsEntry] = Encoding.UTF8.GetBytes(details) },
        };
        using var stream = new MemoryStream();
        using (var writer = XmlDictionaryWriter.CreateBinaryWriter(stream, null, null, ownsStream: false))
            Exceptions.WriteObject(writer, new RemotingException { Type = e.GetType().FullName, Message = e.Message });
        return (Write(header), stream.ToArray());
    }

    /// <summary>The exception a caller sees.</summary>
    public static Exception ReadException(string header, byte[] body)
    {
        var details = Read<RemotingResponseHeader>(header).Headers.GetValueOrDefault(DetailsEntry, []);
        try
        {
            using var reader = XmlDictionaryReader.CreateBinaryReader(body, XmlDictionaryReaderQuotas.Max);
            var thrown = (RemotingException)Exceptions.ReadObject(reader)!;
            return new ActorMethodInvocationException(
                $"Remote Actor Method Exception,  DETAILS: {Encoding.UTF8.GetString(details)}",
                new ActorInvokeException(thrown.Type ?? "", thrown.Message ?? ""),
                isTransient: false);
        }
        catch (Exception e) when (e is SerializationException or XmlException)
        {
            return new ActorInvokeException(e.GetType().FullName!, $"The actor's exception cannot be read: {e.Message}");
        }
    }
}
