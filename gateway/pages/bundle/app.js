var E,Tt,hr,te,qe,Ie,Ct,Ce,At,Ye,je,br,he=Symbol.for("pv"),De={},Le=[],_r=/^m(i|n|o|s|text|space)$/,Xe=Array.isArray,Ot=Le.slice,ue=Object.assign;function le(e){e&&e.parentNode&&e.remove()}function Ae(e,t,r,s,o){var a={type:e,props:t,key:r,ref:s,__k:null,__:null,__b:0,__e:null,__c:null,constructor:he,__v:o||++Tt,__i:-1,__u:0};return!o&&E.vnode&&E.vnode(a),a}function w(e){return e.children}function Oe(e,t){this.props=e,this.context=t,this.__g=0}function ne(e,t){if(t==null)return e.__&&ne(e.__,e.__i+1);for(var r;t<e.__k.length;t++)if((r=e.__k[t])&&r.__e)return r.__e;return typeof e.type!="function"||e.props.__P?null:ne(e)}function xr(e){var t,r=e.__v,s=r.__e,o=[],a=[],l=e.__P;l&&((t=ue({constructor:he},r)).__v=r.__v+1,E.vnode&&E.vnode(t),Ze(l,t,r,e.__n,l.namespaceURI,32&r.__u?[s]:null,o,s||ne(r),32&r.__u,a),t.__v=r.__v,t.__.__k[t.__i]=t,Mt(o,t,a),r.__=r.__e=null,t.__e!=s&&Rt(t))}function Rt(e){if((e=e.__)&&e.__c&&!e.props.__P)return e.__e=null,e.__k.some(function(t){return t&&(e.__e=t.__e)}),Rt(e)}function St(e){(8&e.__g||(e.__g|=8,te.push(e),Ie++))&&qe==E.debounceRendering||((qe=E.debounceRendering)||queueMicrotask)(It)}function It(){try{for(var e,t=1;te.length;)te.length>t&&te.sort(Ct),e=te.shift(),t=te.length,8&e.__g&&xr(e)}finally{(Ie=te.length)&&(qe||queueMicrotask)(It)}}function Dt(e,t,r,s,o,a,l,u,c,m,p){var y,g,d,f,b,v,_=s.__k||Le,x=t.length;for(c=vr(r,t,_,c,x),y=0;y<x;y++)(d=r.__k[y])!=null&&(g=~d.__i&&_[d.__i]||De,d.__i=y,v=Ze(e,d,g,o,a,l,u,c,m,p),f=d.__e,(g.ref!=d.ref||8&g.__u)&&(g.ref&&Je(g.ref,null,d,g),d.ref&&p.push(d.ref,d.__c||f,d)),b=b||f,4&d.__u?(c=Lt(d,c,e,!g.__v),g.__e&&(g.__e=null)):typeof d.type=="function"&&v!==void 0?c=v:f&&(c=f.nextSibling),d.__u&=-21);return r.__e=b,c}function vr(e,t,r,s,o){var a,l,u,c,m,p,y,g,d,f=r.length,b=f,v=0,_=0,x=e.__k=Array(o);for(a=0;a<o;a++)(l=t[a])!=null&&typeof l!="boolean"&&typeof l!="function"?(typeof l!="object"||l.constructor===String?l=x[a]=Ae(null,l):Xe(l)?l=x[a]=Ae(w,{children:l}):l.constructor===he&&l.__b?l=x[a]=Ae(l.type,l.props,l.key,l.ref,l.__v):x[a]=l,c=a+v,l.__=e,l.__b=e.__b+1,u=null,~(m=l.__i=wr(l,r,c,b))&&(b--,(u=r[m])&&(u.__u|=2)),u&&u.__v?(l.__u|=16,m==c-1?v--:m==c+1?v++:m!=c&&(m>c?v--:v++,_=1)):(~m||(o>f?v--:o<f&&v++),typeof l.type!="function"&&(l.__u|=4))):x[a]=null;if(_){for(p=[],y=[],a=0;a<o;a++)if((l=x[a])&&16&l.__u){for(v=0,g=p.length;v<g;)p[d=v+g>>1]<l.__i?v=d+1:g=d;p[v]=l.__i,y[a]=v+1}for(v=p.length;a--;)y[a]&&(y[a]==v?v--:x[a].__u|=4)}if(b)for(a=0;a<f;a++)!(u=r[a])||2&u.__u||(u.__e==s&&(s=ne(u)),et(u,u));return s}function Lt(e,t,r,s){var o,a,l,u;if(typeof e.type=="function"){if(e.props.__P)return t;if(o=e.__k)for(a=0;a<o.length;a++)o[a]&&(o[a].__=e,t=Lt(o[a],t,r,!1));return t}for(t&&!t.parentNode&&(t=ne(e))&&!t.parentNode&&(t=null),l=e.__e,u=t;u&&u.nodeType==8;)u=u.nextSibling;for(l!=u&&(!s&&r.moveBefore&&l.parentNode?r.moveBefore(l,t):r.insertBefore(l,t||null)),t=l;(t=t&&t.nextSibling)&&t.nodeType==8&&!t.data.startsWith("$s"););return t}function wr(e,t,r,s){var o,a=e.key,l=e.type,u=t[r],c=u&&!(2&u.__u);if(u===null&&a==null||c&&a==u.key&&l==u.type)return r;if(s>(c?1:0)){for(o=r-1;o>=0;o--)if((u=t[o])&&!(2&u.__u)&&a==u.key&&l==u.type)return o;for(o=r+1;o<t.length;o++)if((u=t[o])&&!(2&u.__u)&&a==u.key&&l==u.type)return o}return-1}function Nt(e,t,r){r==null&&(r=""),t[0]=="-"?e.setProperty(t,r):e[t]=r}function Te(e,t,r,s,o){var a,l;if(t=="style")if(typeof r=="string")e.style.cssText=r;else{if(typeof s=="string"&&(e.style.cssText=s=""),s)for(t in s)r&&t in r||Nt(e.style,t);if(r)for(t in r)s&&r[t]==s[t]||Nt(e.style,t,r[t])}else if(t[0]=="o"&&t[1]=="n")typeof r!="function"&&(r=null),typeof s!="function"&&(s=null),(e.__e||(e.__e={}))[t]=r,r&&s||(l=je[t]||(je[t]=kr(t)),(e.__a||(e.__a={}))[t]=Ye,a=t!=(t=t.replace(At,"$1")),(t=t.slice(2))[0]<"a"&&(t=t.toLowerCase()),r?e.addEventListener(t,l,a):e.removeEventListener(t,l,a));else{if(o=="http://www.w3.org/2000/svg")t=t.replace(/xlink(H|:h)/,"h").replace(/sName$/,"s");else if(t!="width"&&t!="height"&&t!="href"&&t!="list"&&t!="form"&&t!="tabIndex"&&t!="download"&&t!="rowSpan"&&t!="colSpan"&&t!="role"&&t!="popover"&&t in e)try{return void(e[t]=r??"")}catch{}if(typeof r=="function")return;r==null||r===!1&&t[4]!="-"?e.removeAttribute(t):e.setAttribute(t,t=="popover"&&r==1?"":r)}}function kr(e){return function(t){var r=this.__e;if(r){if(r=r[e],t[Ce]==null)t[Ce]=Ye++;else if(t[Ce]<this.__a[e])return;return r(E.event?E.event(t):t)}}}function Ze(e,t,r,s,o,a,l,u,c,m){var p,y,g,d,f,b,v,_,x,N,T,j,S,C,V,Et,ee,ie,Y=t.type;if(t.constructor!==he)return null;128&r.__u&&(c=32&r.__u,p=r.__c.__z)&&(t.__u|=c,y=a=[],p.nodeType==8?u=Re(p,a):a.push(p),u=a[0]||u),(p=E.__b)&&p(t);e:if(typeof Y=="function"){g=l.length;try{if(_=t.props,x=(p=Y.prototype)&&p.render,N=(p=Y.contextType)&&s[p.__c],T=p?N?N.props.value:p.__:s,(d=r.__c)?(t.__c=d,2&d.__g&&(d.__g|=1)):(x?t.__c=d=new Y(_,T):(t.__c=d=new Oe(_,T),d.constructor=Y,d.render=Sr),N&&N.sub(d),d.state||(d.state={}),d.__n=s,d.__g|=8,d.__h=[],d.__k=[]),x&&(d.__s||(d.__s=d.state),Y.getDerivedStateFromProps&&(d.__s==d.state&&(d.__s=ue({},d.__s)),ue(d.__s,Y.getDerivedStateFromProps(_,d.__s)))),f=d.props,b=d.state,d.__v=t,r.__c){if(_!==f&&x&&!Y.getDerivedStateFromProps&&d.componentWillReceiveProps&&d.componentWillReceiveProps(_,T),t.__v==r.__v&&!(8&d.__g)||!(4&d.__g)&&d.shouldComponentUpdate&&d.shouldComponentUpdate(_,d.__s,T)===!1){t.__v!=r.__v&&(d.props=_,d.state=d.__s,d.__g&=-9),t.__e=r.__e,t.__k=r.__k,t.__k.some(function(F){F&&(F.__=t)}),Le.push.apply(d.__h,d.__k),d.__k=[],d.__h.length&&l.push(d),u=ne(r);break e}d.componentWillUpdate&&d.componentWillUpdate(_,d.__s,T),x&&d.componentDidUpdate&&d.__h.push(function(){d.componentDidUpdate(f,b,v)})}else x&&!Y.getDerivedStateFromProps&&d.componentWillMount&&d.componentWillMount(),x&&d.componentDidMount&&d.__h.push(d.componentDidMount);d.context=T,d.props=_,d.__P=e,d.__g&=-5,j=E.__r,S=x?25:0;do d.__g&=-9,j&&j(t),p=d.render(d.props,d.state=d.__s,d.context);while(8&d.__g&&++S<25);x&&(Le.push.apply(d.__h,d.__k),d.__k=[]),d.state=d.__s,d.getChildContext&&(s=ue({},s,d.getChildContext())),x&&r.__c&&d.getSnapshotBeforeUpdate&&(v=d.getSnapshotBeforeUpdate(f,b)),C=p&&p.type===w&&p.key==null?p.props.children:p,_.__P&&(p=u,o=(e=_.__P).namespaceURI,c=a=null,r.props&&r.props.__P!=e&&(r.__k.some(function(F){F&&et(F,F)}),r.__k=null),u=r.__k?ne(r,0):null),u=Dt(e,Xe(C)?C:[C],t,r,s,o,a,l,u,c,m),_.__P&&(t.__e=null,u=p),t.__u&=-161,y&&y.some(le),d.__h.length&&l.push(d),1&d.__g&&(d.__g&=-4)}catch(F){if(l.length=g,t.__v=null,c||a)if(F&&F.then){if(t.__u|=128|c,a){for(~(ee=a.indexOf(u||void 0))||(ee=a.length);(ie=a[ee-1])&&ie.nodeType==8;)ee--;for(;ee<a.length;ee++)if(ie=a[ee])if(a[ee]=null,V){if(ie==Et)break}else{if(ie.nodeType!=8)break;ie.data.startsWith("$s")&&(Et=Re(V=ie))}}if(!V){for(;u&&u.nodeType==8&&u.nextSibling;)u=u.nextSibling;V=u}(p=Re(V=t.__c.__z||(t.__c.__z=V)))?(t.__e=V,u=p):t.__e=u,u=u&&u.nextSibling}else a&&a.some(le);else t.__e=r.__e;t.__k||(t.__k=r.__k||[]),F&&F.then||Pt(t),E.__e(F,t,r)}}else u=t.__e=Er(r.__e,t,r,s,o,a,l,c,m,e);return(p=E.diffed)&&p(t),u}function Re(e,t){if(e&&e.nodeType==8&&e.data.startsWith("$s"))for(var r=1;e=e.nextSibling;){if(e.nodeType==8){if(e.data.startsWith("$s"))r++;else if(e.data.startsWith("/$s")&&!--r)return e}t&&t.push(e)}}function Pt(e){e&&(e.__c&&(e.__c.__g|=4),e.__k&&e.__k.some(Pt))}function Mt(e,t,r){for(var s=0;s<r.length;)Je(r[s++],r[s++],r[s++]);E.__c&&E.__c(t,e),e.some(function(o){try{e=o.__h,o.__h=[],e.some(function(a){a.call(o)})}catch(a){E.__e(a,o.__v)}})}function Er(e,t,r,s,o,a,l,u,c,m){var p,y,g,d,f,b,v,_,x=r.props||De,N=t.props,T=t.type;if(T=="svg"?o="http://www.w3.org/2000/svg":T=="math"?o="http://www.w3.org/1998/Math/MathML":o||(o="http://www.w3.org/1999/xhtml"),a){for(p=0;p<a.length;p++)if((f=a[p])&&(T?f.localName==T:f.nodeType==3)){e=f,a[p]=null;break}}if(!e){if(_=m.ownerDocument||document,!T)return _.createTextNode(N);e=_.createElementNS(o,T,N.is?N:m),u&&(E.__m&&E.__m(t,a),u=!1),a=null}if(T){if(m=T=="template"&&e.content||e,a=T=="textarea"&&N.defaultValue!=null?null:a&&Ot.call(m.childNodes),!u&&a)for(x={},p=0;p<e.attributes.length;p++)x[(f=e.attributes[p]).name]=f.value;for(p in x)f=x[p],p=="dangerouslySetInnerHTML"?g=f:p=="children"||p in N||p=="value"&&"defaultValue"in N||p=="checked"&&"defaultChecked"in N||Te(e,p,null,f,o);for(p in N)f=N[p],p=="children"?d=f:p=="dangerouslySetInnerHTML"?y=f:p=="value"?b=f:p=="checked"?v=f:u&&typeof f!="function"||x[p]===f||Te(e,p,f,x[p],o);y?(u||g&&(y.__html==g.__html||y.__html==e.innerHTML)||(e.innerHTML=y.__html),t.__k=[]):(g&&(e.textContent=""),(T=="foreignObject"||o=="http://www.w3.org/1998/Math/MathML"&&_r.test(T))&&(o="http://www.w3.org/1999/xhtml"),Dt(m,Xe(d)?d:[d],t,r,s,o,a,l,a?a[0]:r.__k&&ne(r,0),u,c),a&&a.some(le)),u&&T!="textarea"||(p="value",T=="progress"&&b==null?e.removeAttribute(p):b==null||b===e[p]&&(T!="progress"||b)||Te(e,p,b,x[p],o),p="checked",v!=null&&v!=e[p]&&Te(e,p,v,x[p],o))}else x===N||u&&e.data==N||(e.data=N);return e}function Je(e,t,r,s){try{typeof e=="function"?t?t.__x=e(t)||1:s&&(s=s.__c||s.__e)&&(t=s.__x)&&(s.__x=null,typeof t=="function"?t():e(null)):e.current=t}catch(o){E.__e(o,r)}}function et(e,t,r){var s,o,a,l;if(E.unmount&&E.unmount(e),!(s=e.ref)||s.current&&s.current!=e.__e||Je(s,null,t,e),s=e.__c){if(s.componentWillUnmount)try{s.componentWillUnmount()}catch(u){E.__e(u,t)}s.__P=s.__n=null}if(s=e.__k)for(l=0;l<s.length;l++)s[l]&&et(s[l],t,typeof e.type!="function"||r&&!e.props.__P);!r&&(s=e.__c)&&(s=s.__z)&&(o=Re(s,a=[]))&&(s==e.__e&&a.some(le),le(o),le(s)),r||le(e.__e),e.__e=e.__c=e.__=null}function Sr(e,t,r){return this.constructor(e,r)}function Ut(e,t){var r,s,o,a;E.__&&E.__(e,t),t.nodeType==9&&(t=t.documentElement),s=(r=e&&32&e.__u)?null:t.__k,t.__k=Ae(w,{children:[e]}),o=[],a=[],Ze(t,t.__k,s||De,De,t.namespaceURI,s?null:t.firstChild?Ot.call(t.childNodes):null,o,s?s.__e:t.firstChild,r,a),Mt(o,t.__k,a),t.__k.props.children=null}E={__e:function(e,t,r,s){for(var o,a,l;t=t.__;)if((o=t.__c)&&!(1&o.__g)){o.__g|=4;try{if((l=(a=o.constructor)&&a.getDerivedStateFromError)&&o.setState(a.getDerivedStateFromError(e)),o.componentDidCatch&&(o.componentDidCatch(e,s||{}),l=1),l&&8&o.__g)return void(o.__g|=2)}catch(u){e=u}}throw Ie=0,e}},Tt=0,hr=function(e){return e!=null&&e.constructor===he},Oe.prototype.setState=function(e,t){var r=this.__s;r&&r!=this.state||(r=this.__s=ue({},this.state)),typeof e=="function"&&(e=e(ue({},r),this.props)),e&&(ue(r,e),this.__v&&(t&&this.__k.push(t),St(this)))},Oe.prototype.forceUpdate=function(e){this.__v&&(this.__g|=4,e&&this.__h.push(e),St(this))},Oe.prototype.render=w,te=[],Ie=0,Ct=function(e,t){return e.__v.__b-t.__v.__b},Ce=Symbol(),At=/(PointerCapture)$|Capture$/i,Ye=0,je={},br=0;var $t={product:"Profile Gateway",skip:"Skip to content",search:{label:"Find a customer",placeholder:"Name, e-mail, phone, order or ticket number",hint:"As it is said on the phone: words in any order, nearly right is enough.",keys:"to choose, Enter to open, Esc to clear",busy:"Looking…",found:e=>e===1?"1 customer may be meant":`${e} customers may be meant`,exact:"exact",similar:"similar",tooShort:"One more letter: a single one finds everybody.",nobody:"Not in our system.",nobodySo:"Every source was asked, and none knows this.",nobodyYet:"Nobody found so far",notAsked:"This does not mean “not in our system”: not everything could be asked.",unavailable:e=>`Could not be asked: ${e}`,notTried:"Not looked for",withheldWays:"Some ways to find a customer are not open to you.",recent:"Recently opened",forget:"Forget these",openTickets:e=>e===1?"1 open ticket":`${e} open tickets`,noOpenTickets:"no open tickets",lastOrder:e=>`ordered ${e}`,by:{ACCOUNT:"company account",COMPANY:"company",CUSTOMER_ID:"customer id",EMAIL:"e-mail",EXTERNAL_ID:"id at another system",MEMBER_NUMBER:"member number",NAME:"name",ORDER_ID:"order id",ORDER_NUMBER:"order number",PHONE:"phone",TICKET_ID:"ticket id",TICKET_NUMBER:"ticket number"}},viewer:{language:"Language",purpose:"Purpose",noPurpose:"no purpose",choosePurpose:"For which purpose do you look?",purposeWhy:"It is sent with every question, and stands in the audit beside it.",basis:{CONSENT:"the customer's consent",CONTRACT:"a contract",LEGITIMATE_INTEREST:"a legitimate interest",LEGAL_DUTY:"a legal duty"},anonymous:"no sign-in here",signIn:"Sign in",signInWhy:"Pages show customers to people who are known. Your key is exchanged once for a session of eight hours, and is kept nowhere.",key:"Key",refused:"This key is not known, or holds no more.",noSession:"Keys begin no session here. Open this page through your company's sign-in.",signOut:"Sign out"},customer:{title:"Customer",since:e=>`customer since ${e}`,localTime:e=>`${e} there`,speaks:e=>`speaks ${e}`,kind:{PERSON:"Person",COMPANY:"Company",UNKNOWN:""},role:{DECISION_MAKER:"decides",BUYER:"buyer",USER:"user",BILLING:"billing",TECHNICAL:"technical",OTHER:"other role",UNKNOWN:""},worksAt:(e,t)=>e?`${e}, ${t}`:t,unnamed:"No name",call:"Call",write:"Write",copy:"Copy",copied:"Copied",more:e=>`${e} more`,less:"Show less",zone:e=>`All times are in your zone, ${e}.`,pinned:e=>`The clock of this gateway stands at ${e}: figures are of that time.`,asQuery:"This page as a query",openEditor:"Open the editor",close:"Close",actsFor:"In this answer the customer's id is"},state:{loading:"Loading",asOf:e=>`as of ${e}`,withheld:"not for your purpose",unavailable:(e,t)=>`${e} could not be asked: ${t}.`,missing:e=>`Without ${e}, which could not be asked.`,askAgain:"Ask again",asking:"Asking…",askedLately:e=>`again in ${e} s`,atLeast:e=>`at least ${e}`,noSource:"No source has these.",reason:{SOURCE_TIMEOUT:"no answer in time",SOURCE_UNAVAILABLE:"it cannot be reached",SOURCE_THROTTLED:"it asks for fewer calls",SOURCE_AUTH:"it refuses the gateway",SOURCE_PROTOCOL:"its answer cannot be read",GATEWAY_BUSY:"the gateway was held up",OFFLINE:"the gateway cannot be reached"},otherReason:e=>`it failed (${e})`,aSource:"A source"},sources:{title:"Sources",allWell:e=>e===1?"1 source, now":`${e} sources, now`,others:e=>e===1?"1 other, now":`${e} others, now`,asking:"Asking the sources…",unavailable:"not reachable",dropped:e=>e===1?"1 record left out":`${e} records left out`},tickets:{title:"Open tickets",none:e=>`No open tickets in ${e}, asked now.`,ever:e=>e===1?"1 ticket in all":`${e} tickets in all`,noSubject:"Without a subject",priority:{LOW:"Low",NORMAL:"Normal",HIGH:"High",URGENT:"Urgent",UNKNOWN:""},status:{NEW:"new",OPEN:"open",PENDING:"waits for the customer",ON_HOLD:"on hold",SOLVED:"solved",CLOSED:"closed",UNKNOWN:""},author:{CUSTOMER:"Customer",AGENT:"Support",SYSTEM:"System",UNKNOWN:"Somebody"},opened:e=>`opened ${e}`},orders:{title:"Last order",none:e=>`No orders in ${e}, asked now.`,status:{PENDING:"placed",CONFIRMED:"confirmed",PROCESSING:"being made ready",SHIPPED:"on its way",DELIVERED:"delivered",CANCELLED:"cancelled",RETURNED:"returned",UNKNOWN:""},order:e=>`Order ${e}`,refunded:e=>`${e} went back`,pieces:"Items"},spend:{title:"Spend",orders:e=>`${e} orders`,oneOrder:"1 order",since:e=>`since ${e}`,refunded:e=>`${e} refunded`,none:"Nothing bought yet."},subscriptions:{title:"Subscriptions",renews:e=>`renews ${e}`,ends:e=>`ends ${e}`,cancelled:e=>`cancelled ${e}`,plan:"Subscription",status:{TRIAL:"trial",ACTIVE:"active",PAST_DUE:"payment due",PAUSED:"paused",CANCELLED:"cancelled",ENDED:"ended",UNKNOWN:""},every:{DAY:"a day",WEEK:"a week",MONTH:"a month",YEAR:"a year",UNKNOWN:""}},timeline:{title:"Timeline",all:"All",only:{ORDER:"Orders",TICKET:"Tickets",EVENT:"Behaviour",DEAL:"Deals",SUBSCRIPTION:"Subscriptions",SURVEY:"Surveys"},none:"Nothing has happened yet.",more:"Show more",end:"This is where it begins.",today:"Today",yesterday:"Yesterday",events:e=>`${e} actions`,stage:{OPEN:"open",WON:"won",LOST:"lost",UNKNOWN:""},deal:"Deal",survey:{NPS:"Would recommend",CSAT:"Contentment",CES:"Ease",REVIEW:"Review",UNKNOWN:"Survey"},outOf:(e,t)=>`${e} of ${t}`,details:"Details"},contacts:{title:"Contact",none:"No e-mail address and no phone number are known.",primary:"primary",address:"Address",account:"Company",member:"Member number",born:"Born",prefers:"Prefers",people:e=>`${e} people`,consents:"Consents",channel:{EMAIL:"E-mail",PHONE:"Phone",SMS:"SMS",PUSH:"Push",POST:"Post",CHAT:"Chat",WEB:"Web",SOCIAL:"Social",STORE:"Store",REVIEW:"Review",UNKNOWN:"Other"},consent:{GRANTED:"yes",DENIED:"no",WITHDRAWN:"withdrawn",UNKNOWN:"not asked"},completeness:"Profile",known:e=>`${e} known`,missing:e=>`missing: ${e}`,more:"More about the customer"},records:{title:"Known by",incomplete:"There may be another record: a source could not be asked.",differ:"Whose value it is",says:(e,t)=>`${e} says ${t}`},tags:{title:"Tags",none:"No tag says anything of this customer.",partial:"partial",stale:"being renewed",why:"Why",computed:e=>`computed ${e}`,seen:"What the rule saw",whyNot:"Why nothing else",unknown:"not known",yes:"yes",no:"no",category:{LIFECYCLE:"Lifecycle",BEHAVIOUR:"Behaviour",VALUE:"Value",PREFERENCE:"Preference",SATISFACTION:"Satisfaction",SERVICE:"Service",ACQUISITION:"Acquisition"}},lost:{title:"Nobody has this id",tried:"It was tried as every key that it may be: an id of a customer, an order or a ticket, a number, an id at another system.",unsure:"Not found, and not everything could be asked",erased:"This customer was erased",erasedSo:"Nothing of the person is shown any more.",hidden:"This customer is not shown for your purpose",hiddenSo:"Choose another purpose on top, if you have one.",forbidden:"You may not open customers by id",forbiddenSo:"The settings of the gateway say by which keys you may: customer_id is not among them.",ambiguous:"Who is it?",ambiguousSo:"Several customers have this key. Open one of them.",failed:"The customer could not be asked for",search:"Search for somebody else"},failure:{offline:"The gateway cannot be reached.",other:e=>`The gateway refused this (${e}).`,askAgain:"Ask again"}};var Ft={product:"Profile Gateway",skip:"跳到正文",search:{label:"查找客户",placeholder:"姓名、邮箱、电话、订单号或工单号",hint:"按电话里听到的输入即可：词序不限，写得差不多就能找到。",keys:"选择，回车打开，Esc 清空",busy:"正在查找…",found:e=>`可能是以下 ${e} 位客户`,exact:"完全一致",similar:"相似",tooShort:"请再输入一个字母：一个字母会匹配所有人。",nobody:"系统中没有此人。",nobodySo:"所有来源都已查询，没有任何一个认识。",nobodyYet:"暂时没有找到",notAsked:"这并不表示“系统中没有此人”：并非所有内容都能查询。",unavailable:e=>`无法查询：${e}`,notTried:"没有查找的内容",withheldWays:"有些查找方式未对您开放。",recent:"最近打开",forget:"清除记录",openTickets:e=>`${e} 个未结工单`,noOpenTickets:"没有未结工单",lastOrder:e=>`${e}下单`,by:{ACCOUNT:"公司账号",COMPANY:"公司",CUSTOMER_ID:"客户编号",EMAIL:"邮箱",EXTERNAL_ID:"其他系统的编号",MEMBER_NUMBER:"会员号",NAME:"姓名",ORDER_ID:"订单标识",ORDER_NUMBER:"订单号",PHONE:"电话",TICKET_ID:"工单标识",TICKET_NUMBER:"工单号"}},viewer:{language:"语言",purpose:"用途",noPurpose:"未选用途",choosePurpose:"您出于什么用途查看？",purposeWhy:"用途会随每次查询发送，并与查询一起记入审计。",basis:{CONSENT:"客户同意",CONTRACT:"合同",LEGITIMATE_INTEREST:"正当利益",LEGAL_DUTY:"法定义务"},anonymous:"此处无需登录",signIn:"登录",signInWhy:"页面只向已知身份的人显示客户。您的密钥只使用一次，换取八小时的会话，不会保存在任何地方。",key:"密钥",refused:"此密钥无效或已失效。",noSession:"此处不能用密钥登录。请通过公司的登录入口打开本页。",signOut:"退出"},customer:{title:"客户",since:e=>`${e}起为客户`,localTime:e=>`当地 ${e}`,speaks:e=>`语言：${e}`,kind:{PERSON:"个人",COMPANY:"公司",UNKNOWN:""},role:{DECISION_MAKER:"决策人",BUYER:"采购",USER:"使用者",BILLING:"财务",TECHNICAL:"技术",OTHER:"其他角色",UNKNOWN:""},worksAt:(e,t)=>e?`${t}，${e}`:t,unnamed:"没有姓名",call:"拨打",write:"写邮件",copy:"复制",copied:"已复制",more:e=>`还有 ${e} 项`,less:"收起",zone:e=>`所有时间均为您的时区：${e}。`,pinned:e=>`网关的时钟停在 ${e}：数字以该时刻为准。`,asQuery:"查看本页的查询",openEditor:"打开编辑器",close:"关闭",actsFor:"客户编号为"},state:{loading:"正在加载",asOf:e=>`截至 ${e}`,withheld:"您的用途不可见",unavailable:(e,t)=>`无法查询 ${e}：${t}。`,missing:e=>`缺少 ${e} 的内容：无法查询。`,askAgain:"重新查询",asking:"正在查询…",askedLately:e=>`${e} 秒后可重试`,atLeast:e=>`至少 ${e}`,noSource:"没有提供此内容的来源。",reason:{SOURCE_TIMEOUT:"未及时答复",SOURCE_UNAVAILABLE:"无法连接",SOURCE_THROTTLED:"要求减少请求",SOURCE_AUTH:"拒绝网关访问",SOURCE_PROTOCOL:"答复无法读取",GATEWAY_BUSY:"网关繁忙",OFFLINE:"无法连接网关"},otherReason:e=>`出错（${e}）`,aSource:"某个来源"},sources:{title:"来源",allWell:e=>`${e} 个来源，刚刚查询`,others:e=>`其余 ${e} 个，刚刚查询`,asking:"正在查询各来源…",unavailable:"无法连接",dropped:e=>`略去 ${e} 条记录`},tickets:{title:"未结工单",none:e=>`${e} 中没有未结工单，刚刚查询。`,ever:e=>`共 ${e} 个工单`,noSubject:"无主题",priority:{LOW:"低",NORMAL:"普通",HIGH:"高",URGENT:"紧急",UNKNOWN:""},status:{NEW:"新建",OPEN:"处理中",PENDING:"等待客户",ON_HOLD:"搁置",SOLVED:"已解决",CLOSED:"已关闭",UNKNOWN:""},author:{CUSTOMER:"客户",AGENT:"客服",SYSTEM:"系统",UNKNOWN:"某人"},opened:e=>`${e}提出`},orders:{title:"最近订单",none:e=>`${e} 中没有订单，刚刚查询。`,status:{PENDING:"已下单",CONFIRMED:"已确认",PROCESSING:"备货中",SHIPPED:"运送中",DELIVERED:"已送达",CANCELLED:"已取消",RETURNED:"已退货",UNKNOWN:""},order:e=>`订单 ${e}`,refunded:e=>`已退 ${e}`,pieces:"商品"},spend:{title:"消费",orders:e=>`${e} 个订单`,oneOrder:"1 个订单",since:e=>`自 ${e}`,refunded:e=>`已退 ${e}`,none:"还没有购买。"},subscriptions:{title:"订阅",renews:e=>`${e}续订`,ends:e=>`${e}结束`,cancelled:e=>`${e}取消`,plan:"订阅",status:{TRIAL:"试用",ACTIVE:"有效",PAST_DUE:"待付款",PAUSED:"暂停",CANCELLED:"已取消",ENDED:"已结束",UNKNOWN:""},every:{DAY:"每天",WEEK:"每周",MONTH:"每月",YEAR:"每年",UNKNOWN:""}},timeline:{title:"时间线",all:"全部",only:{ORDER:"订单",TICKET:"工单",EVENT:"行为",DEAL:"商机",SUBSCRIPTION:"订阅",SURVEY:"调查"},none:"还没有发生任何事。",more:"显示更多",end:"从这里开始。",today:"今天",yesterday:"昨天",events:e=>`${e} 个行为`,stage:{OPEN:"进行中",WON:"赢单",LOST:"输单",UNKNOWN:""},deal:"商机",survey:{NPS:"推荐意愿",CSAT:"满意度",CES:"省力程度",REVIEW:"评价",UNKNOWN:"调查"},outOf:(e,t)=>`${e}（满分 ${t}）`,details:"详情"},contacts:{title:"联系方式",none:"没有已知的邮箱或电话。",primary:"首选",address:"地址",account:"公司",member:"会员号",born:"出生日期",prefers:"首选渠道",people:e=>`${e} 人`,consents:"授权",channel:{EMAIL:"邮件",PHONE:"电话",SMS:"短信",PUSH:"推送",POST:"信件",CHAT:"聊天",WEB:"网页",SOCIAL:"社交媒体",STORE:"门店",REVIEW:"评价",UNKNOWN:"其他"},consent:{GRANTED:"同意",DENIED:"拒绝",WITHDRAWN:"已撤回",UNKNOWN:"未询问"},completeness:"档案",known:e=>`已知 ${e}`,missing:e=>`缺少：${e}`,more:"更多信息"},records:{title:"认识此客户的系统",incomplete:"可能还有其他记录：有来源无法查询。",differ:"数值出自哪里",says:(e,t)=>`${e}：${t}`},tags:{title:"标签",none:"没有标签描述此客户。",partial:"不完整",stale:"正在更新",why:"原因",computed:e=>`计算于 ${e}`,seen:"规则看到的事实",whyNot:"为什么不是其他值",unknown:"未知",yes:"是",no:"否",category:{LIFECYCLE:"生命周期",BEHAVIOUR:"行为",VALUE:"价值",PREFERENCE:"偏好",SATISFACTION:"满意度",SERVICE:"服务",ACQUISITION:"获客"}},lost:{title:"没有人使用此编号",tried:"已按所有可能的键查找：客户、订单或工单的标识，号码，以及其他系统的编号。",unsure:"没有找到，但并非所有内容都能查询",erased:"此客户已被删除",erasedSo:"不再显示此人的任何内容。",hidden:"您的用途不可查看此客户",hiddenSo:"如有其他用途，请在上方选择。",forbidden:"您不能按编号打开客户",forbiddenSo:"网关的设置规定了您可以使用的键，其中没有 customer_id。",ambiguous:"是哪一位？",ambiguousSo:"多位客户使用此键，请打开其中一位。",failed:"无法查询此客户",search:"查找其他客户"},failure:{offline:"无法连接网关。",other:e=>`网关拒绝了此请求（${e}）。`,askAgain:"重新查询"}};var Wt={en:$t,zh:Ft},tt=Object.keys(Wt),Bt="gateway.language";function Nr(){let e=localStorage.getItem(Bt);for(let t of[e??"",...navigator.languages]){let r=t.split("-")[0];if(tt.includes(r))return r}return"en"}var M=Nr(),P=navigator.languages.find(e=>e.split("-")[0]===M)??M,i=Wt[M];function Vt(e){localStorage.setItem(Bt,e),location.reload()}var me,O,nt,Ht,rt=Object.is,_e=0,Zt=[],ot=[],A=E,Kt=A.__b,Qt=A.__r,zt=A.diffed,Gt=A.__c,qt=A.unmount,jt=A.__;function Pe(e,t){A.__h&&A.__h(O,e,_e||t),_e=0;var r=O.__H||(O.__H={__:[],__h:[]});return e>=r.__.length&&r.__.push({}),r.__[e]}function h(e){return _e=1,Tr(tn,e)}function Tr(e,t,r){var s=Pe(me++,2);if(s.t=e,!s.__c&&(s.__=[r?r(t):tn(void 0,t),function(a){var l=(s.__N||s.__)[0],u=s.t(l,a);rt(l,u)||(s.__N=[u,s.__[1]],s.__c.setState({}))}],s.__c=O,!O.__f)){O.__f=!0;var o=O.shouldComponentUpdate;O.shouldComponentUpdate=function(a,l,u){var c=this.__H;if(!c)return!0;var m=!1,p=this.props!=a;if(c.__.some(function(g){g.__N&&(m=!0,rt(g.__[0],g.__N[0])||(p=!0))}),o){var y=o.call(this,a,l,u);return m?y||p:y}return!m||p}}return s.__}function k(e,t){var r=Pe(me++,3);!A.__s&&en(r.__H,t)&&(r.__P=!0,r.__=e,r.u=t,O.__H.__h.push(r))}function Q(e){return _e=5,xe(function(){return{current:e}},[])}function xe(e,t){var r=Pe(me++,7);return en(r.__H,t)&&(r.__=e(),r.__H=t),r.__}function ve(e,t){return _e=8,xe(function(){return e},t)}function Jt(){var e=Pe(me++,11);if(!e.__){for(var t=O.__v;!t.__m&&t.__;)t=t.__;var r=t.__m||(t.__m=[0,0]);e.__="P"+r[0]+"-"+r[1]++}return e.__}function Cr(){var e;do{for(;e=ot.shift();)try{be(e)}catch(r){A.__e(r,{__:(e=e.__P)&&e.__v})}for(;e=Zt.shift();){var t=e.__H;if(e.__P&&t)try{t.__h.some(be),t.__h.some(st),t.__h=[]}catch(r){t.__h=[],A.__e(r,e.__v)}}}while(ot.length)}A.__b=function(e){O=null,Kt&&Kt(e)},A.__=function(e,t){e&&t.__k&&t.__k.__m&&(e.__m=t.__k.__m),jt&&jt(e,t)},A.__r=function(e){Qt&&Qt(e),me=0;var t=(O=e.__c).__H;t&&(nt==O?O.__h=[]:(t.__h.some(be),t.__h.some(st),me=0),t.__h=[],t.__.some(function(r){r.__N&&(r.__=r.__N),r.u=r.__N=void 0})),nt=O},A.diffed=function(e){zt&&zt(e);var t=e.__c;t&&t.__H&&(t.__H.__h.length&&Xt(Zt.push(t)),t.__H.__.some(function(r){r.u&&(r.__H=r.u)})),nt=O=null},A.__c=function(e,t){t.some(function(r){try{r.__h.some(be),r.__h=r.__h.filter(function(s){return!s.__||st(s)})}catch(s){r.__h=[function(){throw s}]}}),Gt&&Gt(e,t)},A.unmount=function(e){qt&&qt(e);var t,r,s=e.__c;s&&s.__H&&(s.__H.__.some(function(o){try{if(o.__P&&o.__c){if(r===void 0){for(r=e.__;r&&(!r.__c||!r.__c.__P);)r=r.__;r=r&&r.__c}o.__P=r,Xt(ot.push(o))}else be(o)}catch(a){t=a}}),s.__H=void 0,t&&A.__e(t,s.__v))};var Yt=typeof requestAnimationFrame=="function";function Ar(e){var t,r=function(){clearTimeout(s),Yt&&cancelAnimationFrame(t),setTimeout(e)},s=setTimeout(r,35);Yt&&(t=requestAnimationFrame(r))}function Xt(e){e!=1&&Ht==A.requestAnimationFrame||((Ht=A.requestAnimationFrame)||Ar)(Cr)}function be(e){var t=O,r=e.__c;typeof r=="function"&&(e.__c=void 0,r()),O=t}function st(e){var t=O;e.__c=e.__(),O=t}function en(e,t){return!e||e.length!=t.length||t.some(function(r,s){return!rt(r,e[s])})}function tn(e,t){return typeof t=="function"?t(e):t}var it=null;function ut(e){it=e}var lt="gateway:signed-out";function nn(e){return addEventListener(lt,e),()=>removeEventListener(lt,e)}async function R(e,t,r){let s={"content-type":"application/json",accept:"application/json","x-csrf":"1"};it!==null&&(s["x-purpose"]=it);let o;try{o=await fetch("/graphql",{method:"POST",headers:s,body:JSON.stringify({query:String(e),variables:t}),credentials:"same-origin",cache:"no-store",...r?{signal:r}:{}})}catch(a){if(r?.aborted)throw a;return{data:null,failures:[at("OFFLINE")]}}o.status===401&&dispatchEvent(new Event(lt));try{let a=await o.json();return!a.errors&&!("data"in a)?{data:null,failures:[at(a.code??`HTTP_${o.status}`)]}:{data:a.data??null,failures:(a.errors??[]).map(l=>Or(l,String(e)))}}catch(a){if(r?.aborted)throw a;return{data:null,failures:[at(o.status===401?"UNAUTHENTICATED":`HTTP_${o.status}`)]}}}function Or(e,t){let r=e.extensions??{},[s]=e.locations??[],o=s?t.split(`
`)[s.line-1]?.slice(s.column-1):void 0;return{code:r.code??"UNKNOWN",message:e.message,path:e.path??[],field:o?.match(/^\w+/)?.[0]??null,source:r.source??null,candidates:r.candidates??[],missingSources:r.missingSources??[],requestId:r.requestId??null}}function at(e){return{code:e,message:"",path:[],field:null,source:null,candidates:[],missingSources:[],requestId:null}}function ce(e,t){let[r,s]=h(null),[o,a]=h(!0),l=Q(null),u=JSON.stringify(t),c=ve(async()=>{l.current?.abort();let y=new AbortController;l.current=y,a(!0);try{let{data:g,failures:d}=await R(e,t,y.signal);s({of:u,data:g,failures:d}),a(!1)}catch(g){if(!y.signal.aborted)throw g}},[e,u]);k(()=>(c(),()=>l.current?.abort()),[c]);let m=r?.of===u?r:null,p=m?.data?.customer??null;return{loading:m===null,asking:o,customer:p,failures:m?.failures??[],sources:p?.sources??[],ask:c}}var Rr=e=>e.filter(t=>typeof t=="string").join(".");function X(e,t){let r=`customer.${t}.`;return e.find(({path:s})=>s.length>0&&r.startsWith(`${Rr(s)}.`))??null}function rn({loading:e,customer:t,failures:r}){return e||t!==null?null:r[0]??null}function Me(e,t){return e.some(r=>re(r)&&(r.field===t||r.path.includes(t)))}function re(e){return e!==null&&(e.code.startsWith("WITHHELD")||e.code==="FORBIDDEN")}function Ue(e,t){return e.flatMap(({name:r,records:s})=>r!==null&&s.includes(t)?[r]:[])}function ct(e,t=null){return e.flatMap(({state:s,asOf:o,records:a})=>s==="STALE"&&o!==null&&(t===null||a.some(l=>t.includes(l)))?[o]:[]).sort()[0]??null}var Ir=864e5,we=new Intl.RelativeTimeFormat(P,{numeric:"auto"}),on=new Intl.DateTimeFormat(P,{year:"numeric",month:"short",day:"numeric"}),Dr=new Intl.DateTimeFormat(P,{month:"short",day:"numeric"}),Lr=new Intl.DateTimeFormat(P,{weekday:"long",month:"long",day:"numeric",year:"numeric"}),Pr=new Intl.DateTimeFormat(P,{hour:"2-digit",minute:"2-digit"}),Mr=new Intl.DateTimeFormat(P,{dateStyle:"medium",timeStyle:"short"}),sn=Intl.DateTimeFormat().resolvedOptions().timeZone,H=e=>on.format(new Date(e)),dt=e=>Lr.format(new Date(e)),oe=e=>Pr.format(new Date(e)),W=e=>Mr.format(new Date(e));function $e(e,t){let r=new Date(e);return r.getFullYear()===t.getFullYear()?Dr.format(r):on.format(r)}function ge(e,t){let r=Math.round((new Date(e).getTime()-t.getTime())/Ir),s=Math.abs(r);if(s<1){let o=Math.round((new Date(e).getTime()-t.getTime())/36e5);return Math.abs(o)<1?we.format(Math.round((new Date(e).getTime()-t.getTime())/6e4),"minute"):we.format(o,"hour")}return s<45?we.format(r,"day"):s<550?we.format(Math.round(r/30.4),"month"):we.format(Math.round(r/365.25),"year")}var L=class extends String{__apiType;value;__meta__;constructor(t,r){super(t),this.value=t,this.__meta__=r}toString(){return this.value}};var fe=new L(`
    query Behaviour($id: ID!, $records: [RecordType!], $after: String) {
  customer(by: {id: $id}) {
    id
    timeline(first: 50, records: $records, after: $after) {
      unavailable
      partial
      sources {
        ...SourceLine
      }
      pageInfo {
        hasNextPage
        endCursor
      }
      nodes {
        __typename
        ... on Order {
          id
          source
          number
          placedAt
          orderStatus: status
          total {
            amount
            currency
          }
          items {
            name
            quantity
            unitPrice {
              amount
              currency
            }
          }
        }
        ... on Ticket {
          id
          source
          number
          subject
          createdAt
          ticketStatus: status
          priority
          messages {
            author
            body
            at
          }
        }
        ... on Event {
          id
          source
          at
          type
          page
          feature
        }
        ... on Deal {
          id
          source
          name
          stage
          stageName
          createdAt
          closedAt
          amount {
            amount
            currency
          }
        }
        ... on Subscription {
          id
          source
          plan
          startedAt
          subscriptionStatus: status
          amount {
            amount
            currency
          }
        }
        ... on Survey {
          id
          source
          at
          surveyKind: kind
          score
          scale
          comment
        }
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),an=new L(`
    query Candidates($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    source
    email
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),Fe=new L(`
    query Commerce($id: ID!) {
  customer(by: {id: $id}) {
    id
    orders(first: 3) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...OrderLine
      }
    }
    orderStatistics {
      count
      total {
        amount
        currency
      }
      refunded {
        amount
        currency
      }
      firstAt
      partial
    }
    subscriptions(first: 5) {
      unavailable
      sources {
        ...SourceLine
      }
      nodes {
        id
        source
        plan
        status
        amount {
          amount
          currency
        }
        interval
        intervalCount
        renewsAt
        cancelledAt
        endsAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment OrderLine on Order {
  id
  source
  number
  channel
  status
  placedAt
  deliveredAt
  total {
    amount
    currency
  }
  refunded {
    amount
    currency
  }
  items {
    name
    quantity
    unitPrice {
      amount
      currency
    }
  }
  payments {
    method
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),We=new L(`
    query Find($text: String!) {
  find(text: $text, first: 8) {
    matches {
      matchedBy
      exact
      customer {
        id
        name
        email
        phone
        memberNumber
        address {
          city
          country
        }
        company {
          name
        }
      }
    }
    unavailable
    notTried {
      source
      how
    }
    tooShort
  }
}
    `),ln=new L(`
    query FoundCards($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    orders(first: 1) {
      nodes {
        id
        placedAt
        status
      }
    }
    tickets(first: 1, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
    }
  }
}
    `),un=new L(`
    query RecentCustomers($ids: [ID!]!) {
  customers(ids: $ids) {
    id
    name
    address {
      city
      country
    }
    company {
      name
    }
  }
}
    `),Be=new L(`
    query Identity($id: ID!) {
  customer(by: {id: $id}) {
    id
    currentId
    source
    sourceId
    kind
    name
    email
    phone
    memberNumber
    birthDate
    locale
    jobTitle
    preferredChannel
    createdAt
    address {
      line
      postalCode
      city
      region
      country
    }
    company {
      name
      industry
      role
      roleName
    }
    contactPoints {
      kind
      value
      primary
    }
    consents {
      channel
      purpose
      state
      at
    }
    account {
      id
      name
      number
      industry
      size
    }
    records {
      source
      sourceId
      asOf
    }
    origins {
      field
      source
      rule
      others {
        source
        value
      }
    }
    identity {
      complete
      reason
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),cn=new L(`
    query Completeness($id: ID!) {
  customer(by: {id: $id}) {
    id
    completeness {
      share
      missing
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),Ve=new L(`
    query Service($id: ID!) {
  customer(by: {id: $id}) {
    id
    open: tickets(first: 10, filter: {status: [NEW, OPEN, PENDING, ON_HOLD]}) {
      totalCount
      unavailable
      partial
      sources {
        ...SourceLine
      }
      nodes {
        ...TicketLine
      }
    }
    all: tickets(first: 1) {
      totalCount
      unavailable
      nodes {
        id
        subject
        solvedAt
        createdAt
      }
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment TicketLine on Ticket {
  id
  source
  number
  subject
  kind
  status
  priority
  channel
  createdAt
  messages {
    author
    body
    at
  }
}
fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),He=new L(`
    query Tags($id: ID!, $language: String) {
  customer(by: {id: $id}) {
    id
    tags {
      key
      category
      type
      value
      values
      label(language: $language)
      valueLabel(language: $language)
      reason
      freshness
      partial
      computedAt
    }
    sources {
      ...SourceLine
    }
  }
}
    fragment SourceLine on CustomerSource {
  name
  state
  asOf
  errorCode
  records
  droppedRecords
}`),dn=new L(`
    query WhyTag($id: ID!, $key: String!, $language: String) {
  customer(by: {id: $id}) {
    id
    tag(key: $key) {
      key
      computedAt
      rule {
        version
        words
      }
      evidence {
        name
        label(language: $language)
        value
        missing
        partial
        sources
        window {
          since
          until
        }
      }
      whyNot {
        value
        words
      }
    }
  }
}
    `),pn=new L(`
    query Viewer {
  viewer {
    caller
    user
    purposes {
      key
      basis
    }
    needsPurpose
    purpose
    finds
    operates
    governs
    pinnedClock
    layout
  }
}
    `);var pt=e=>`gateway.recent:${e}`;function ke(e){try{let t=JSON.parse(localStorage.getItem(pt(e))??"[]");return Array.isArray(t)?t.filter(r=>typeof r=="string").slice(0,8):[]}catch{return[]}}function mn(e,t){gn(e,[t,...ke(e).filter(r=>r!==t)].slice(0,8))}function ye(e,t){gn(e,ke(e).filter(r=>!t.includes(r)))}function gn(e,t){t.length===0?localStorage.removeItem(pt(e)):localStorage.setItem(pt(e),JSON.stringify(t))}function B({amount:e,currency:t}){try{return new Intl.NumberFormat(P,{style:"currency",currency:t}).format(e)}catch{return`${e} ${t}`}}var Ke=e=>new Intl.NumberFormat(P).format(e),fn=e=>new Intl.NumberFormat(P,{style:"percent"}).format(e),Ur=new Intl.DisplayNames(P,{type:"region",fallback:"code"}),$r=new Intl.DisplayNames(P,{type:"language",fallback:"code"});function yn(e){try{return Ur.of(e)??e}catch{return e}}function hn(e){try{return $r.of(e.split(/[-_]/)[0])??e}catch{return e}}function I(e){let t=e.replace(/_+/g," ").replace(/(?<=\p{L})-(?=\p{L})/gu," ").trim();return/\p{Ll}\p{Lu}/u.test(t)?t.replace(/([\p{Ll}\d])(\p{Lu})/gu,"$1 $2").toLowerCase():/^[\p{Lu}\d ]+$/u.test(t)&&t.length>3?t.toLowerCase():t}function se(e){return e.charAt(0).toLocaleUpperCase(P)+e.slice(1)}function z(e){return e==null?"":typeof e=="number"?Ke(e):Array.isArray(e)?e.map(z).join(", "):typeof e=="object"?Object.values(e).filter(t=>t!==null).map(z).join(", "):String(e)}function bn(e,t){let r=new Intl.Locale("und",{region:e}),s=r.getTimeZones?.()??r.timeZones??[],o=new Set(s.map(a=>new Intl.DateTimeFormat(P,{hour:"2-digit",minute:"2-digit",timeZone:a}).format(t)));return o.size===1?[...o][0]:null}function _n(e){let t=[...e.matchAll(/[\p{L}\p{N}]+/gu)].map(([r])=>[...r][0]);return t.length===0?"?":t.length===1?t[0]:(t[0]+t.at(-1)).toUpperCase()}var Fr=Symbol.for("pv"),Wr=0;function n(e,t,r,s,o,a){t||(t={});var l,u,c=t;if("ref"in c&&typeof e!="function")for(u in c={},t)u=="ref"?l=t[u]:c[u]=t[u];var m={type:e,props:c,key:r,ref:l,__k:null,__:null,__b:0,__e:null,__c:null,constructor:Fr,__v:--Wr,__i:-1,__u:0};return(o||a)&&(m.__source=o,m.__self=a),E.vnode&&E.vnode(m),m}var Br={mail:"M3 5.5h14v9H3zM3.5 6l6.5 5 6.5-5",phone:"M5 3.5h2.5l1.2 3.2-1.6 1.2a9.5 9.5 0 0 0 5 5l1.2-1.6 3.2 1.2V15a1.6 1.6 0 0 1-1.7 1.6A12.6 12.6 0 0 1 3.4 5.2 1.6 1.6 0 0 1 5 3.5z",copy:"M7 7h9v9H7zM13 7V4H4v9h3",lock:"M5 9.5h10v7H5zM7 9.5V7a3 3 0 0 1 6 0v2.5",order:"M4 6.5h12l-1 9H5zM7.5 6.5V6a2.5 2.5 0 0 1 5 0v.5",ticket:"M4 4.5h12v8H9l-3.5 3v-3H4z",event:"M10 6v4l2.8 1.8M10 17a7 7 0 1 1 0-14 7 7 0 0 1 0 14z",deal:"M4 15V9m4 6V5m4 10v-4m4 4V7",subscription:"M15.5 8A6 6 0 0 0 4.6 7.2M4.5 4v3.4h3.4M4.5 12a6 6 0 0 0 10.9.8m.1 3.2v-3.4h-3.4",survey:"m10 3.5 2 4.2 4.5.6-3.3 3.1.8 4.6-4-2.2-4 2.2.8-4.6L3.500 8.300l4.500-.6z",yes:"m5 10.5 3.5 3.500L15.500 6.500",no:"m6 6 8 8m0-8-8 8",unknown:"M6 10h8",link:"M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7"};function K({name:e}){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:n("path",{d:Br[e]})})}var Vr=1e4;function D({name:e,title:t,region:r,field:s,lines:o,records:a=[],aside:l,top:u,children:c}){let m=r.loading?null:rn(r)??X(r.failures,s),p=o?ct(o):ct(r.sources,a);return n("section",{class:`box box-${e}`,"data-region":e,"aria-labelledby":`box-${e}`,"aria-busy":r.loading,children:[n("header",{children:[n("h2",{id:`box-${e}`,children:t}),p!==null&&n(Hr,{since:p}),!r.loading&&m===null&&l]}),u,r.loading?n(Ee,{}):re(m)?n(G,{}):m!==null?n(mt,{source:m.source,code:m.code,region:r}):c]})}function Ee(){return n("div",{class:"loading",role:"status",children:[n("span",{class:"unseen",children:i.state.loading}),n("i",{}),n("i",{}),n("i",{})]})}function G(){return n("span",{class:"withheld","data-state":"withheld",children:[n(K,{name:"lock"}),i.state.withheld]})}function Hr({since:e}){return n("span",{class:"stale","data-state":"stale",children:i.state.asOf(oe(e))})}function U({children:e}){return n("p",{class:"none","data-state":"none",children:e})}function Qe(e){return i.state.reason[e]??i.state.otherReason(e)}function mt({source:e,code:t,region:r}){return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:i.state.unavailable(e??i.state.aSource,Qe(t))}),n(Se,{region:r})]})}function de({sources:e,region:t}){if(e.length===0)return null;let r=t.sources.find(({name:s,errorCode:o})=>s===e[0]&&o!==null);return n("div",{class:"unavailable","data-state":"unavailable",role:"status",children:[n("p",{children:e.length===1&&r?i.state.unavailable(e[0],Qe(r.errorCode)):i.state.missing(e.join(", "))}),n(Se,{region:t})]})}function Se({region:e}){let[t,r]=h(0),[s,o]=h(()=>Date.now()),a=Math.ceil((t-s)/1e3);k(()=>{if(a<=0)return;let u=setTimeout(()=>o(Date.now()),1e3);return()=>clearTimeout(u)},[s,a]);let l=()=>{o(Date.now()),r(Date.now()+Vr),e.ask()};return n("button",{type:"button",class:"again",disabled:e.asking||a>0,onClick:l,children:e.asking?i.state.asking:a>0?i.state.askedLately(a):i.state.askAgain})}function vn({identity:e}){let{customer:t}=e,r=t===null?[]:Kr(t);return n(D,{name:"contacts",title:i.contacts.title,region:e,field:"contactPoints",records:["CUSTOMER"],children:[r.length===0&&n(U,{children:i.contacts.none}),n("ul",{class:"contacts",children:r.map(s=>n(Qr,{...s},s.value))})]})}function Kr({contactPoints:e,email:t,phone:r}){let s=[...t!==null?[{kind:"EMAIL",value:t,primary:!0}]:[],...r!==null?[{kind:"PHONE",value:r,primary:!0}]:[]],o=(e??[]).filter(({value:a})=>!s.some(l=>l.value===a));return[...s,...o].sort((a,l)=>Number(l.primary)-Number(a.primary))}function Qr({kind:e,value:t,primary:r}){let s=e==="PHONE";return n("li",{class:r?"contact":"contact secondary",children:[n(K,{name:s?"phone":"mail"}),n("a",{href:`${s?"tel":"mailto"}:${t}`,title:s?i.customer.call:i.customer.write,children:s?t:t.split("@").map((o,a)=>a===0?o:n(w,{children:["@",n("wbr",{}),o]}))}),n(gt,{value:t})]})}function gt({value:e,name:t=e}){let[r,s]=h(!1);if(!navigator.clipboard)return null;let o=async()=>{await navigator.clipboard.writeText(e),s(!0),setTimeout(()=>s(!1),1500)};return n("button",{type:"button",class:"copy","aria-label":`${i.customer.copy}: ${t}`,title:i.customer.copy,onClick:o,children:[n(K,{name:r?"yes":"copy"}),n("span",{class:"unseen",role:"status",children:r?i.customer.copied:""})]})}function wn({identity:e}){let t=e.customer?.address??null;if(!e.loading&&t===null&&X(e.failures,"address")===null)return null;let r=t===null?[]:[t.line,[t.postalCode,t.city].filter(Boolean).join(" "),[t.region,t.country&&yn(t.country)].filter(Boolean).join(", ")].filter(Boolean);return n(D,{name:"address",title:i.contacts.address,region:e,field:"address",records:["CUSTOMER"],children:n("address",{children:r.map(s=>n("span",{children:s},s))})})}function kn({identity:e}){let t=e.customer?.account??null;return!e.loading&&t===null&&X(e.failures,"account")===null?null:n(D,{name:"account",title:i.contacts.account,region:e,field:"account",records:["ACCOUNT"],children:[n("p",{children:n("strong",{children:t?.name})}),n("p",{class:"facts soft",children:[t?.industry&&n("span",{children:I(t.industry)}),t?.size!=null&&n("span",{children:i.contacts.people(t.size)}),t?.number&&n("span",{children:t.number})]})]})}function zr(e){return e===null||e==="UNKNOWN"?null:i.contacts.channel[e]}var xn=3;function Gr(e){let t=e.length-xn;return[...e.slice(0,xn).map(I),...t>0?[i.customer.more(t)]:[]].join(", ")}function En({identity:e,completeness:t,own:r}){let{customer:s,failures:o}=e,a=s===null?[]:[["memberNumber",i.contacts.member,s.memberNumber],["birthDate",i.contacts.born,s.birthDate&&H(`${s.birthDate}T12:00:00`)],["preferredChannel",i.contacts.prefers,zr(s.preferredChannel)],...r.map(([c,m])=>[c,c,m])],{share:l=null,missing:u=[]}=t.customer?.completeness??{};return n(D,{name:"profile",title:i.contacts.completeness,region:e,field:"id",records:["CUSTOMER"],children:[n("dl",{class:"pairs",children:a.map(([c,m,p])=>{let y=p===null&&re(X(o,c));return p===null&&!y?null:n("div",{children:[n("dt",{children:m}),n("dd",{children:y?n(G,{}):p})]},c)})}),l!==null&&n(w,{children:[n("meter",{min:0,max:1,value:l,"aria-label":i.contacts.completeness}),n("p",{class:"soft small",children:[i.contacts.known(fn(l)),u.length>0&&`; ${i.contacts.missing(Gr(u))}`]})]})]})}function Sn({id:e}){let t=Q(null),[r,s]=h(!1),o=[Be,Ve,Fe,fe,He].map(u=>String(u).trim()).join(`

`),a=JSON.stringify({id:e,language:M});return n(w,{children:[n("button",{type:"button",class:"quiet",onClick:async()=>{t.current?.showModal();let u=await fetch("/graphql",{headers:{accept:"text/html"},cache:"no-store"}).catch(()=>null);s(u?.headers.get("content-type")?.startsWith("text/html")??!1)},children:i.customer.asQuery}),n("dialog",{ref:t,class:"as-query","aria-label":i.customer.asQuery,children:[n("header",{children:[n("h2",{children:i.customer.asQuery}),n(gt,{value:o,name:i.customer.asQuery}),r&&n("a",{href:"/graphql",children:i.customer.openEditor}),n("button",{type:"button",class:"quiet",onClick:()=>t.current?.close(),children:i.customer.close})]}),n("p",{class:"soft",children:[i.customer.actsFor," ",n("code",{children:e})]}),n("pre",{tabIndex:0,children:`# ${a}
${o}`})]})]})}var ft="gateway:moved";function Nn(){let e=location.pathname;return e==="/"?{page:"search"}:e.startsWith("/c/")?{page:"customer",id:decodeURIComponent(e.slice(3))}:{page:"other",name:e.slice(1)}}function ae(e){return`/c/${encodeURIComponent(e).replaceAll("%3A",":")}`}function Z(e,t=!1){history[t?"replaceState":"pushState"](null,"",e),dispatchEvent(new Event(ft))}function Tn(){let[e,t]=h(Nn);return k(()=>{let r=()=>t(Nn());return addEventListener("popstate",r),addEventListener(ft,r),()=>{removeEventListener("popstate",r),removeEventListener(ft,r)}},[]),e}function pe(e){if(e.metaKey||e.ctrlKey||e.shiftKey||e.button!==0)return;let t=e.currentTarget;e.preventDefault(),Z(t.getAttribute("href")??"/")}function q(){return new URLSearchParams(location.hash.slice(1))}function J(e){let t=q();for(let[s,o]of Object.entries(e))o===""?t.delete(s):t.set(s,o);let r=t.toString();Z(location.pathname+(r?`#${r}`:""),!0)}var qr=["SERVICE","LIFECYCLE","VALUE","SATISFACTION","BEHAVIOUR","PREFERENCE","ACQUISITION"],jr=["LIFECYCLE","VALUE","BEHAVIOUR"];function Cn(e,t){return t.length>0?t.flatMap(r=>e.find(s=>s.key===r)??[]).slice(0,3):jr.flatMap(r=>{let s=e.filter(o=>o.category===r&&o.type==="ENUM");return s.find(({value:o})=>o!==null)??s[0]??[]})}function An(e){return e.value===null?i.tags.unknown:e.type==="DATE"?H(e.value):e.type==="LIST"?(e.values??[]).map(I).join(", "):e.type==="BOOLEAN"?e.value==="true"?i.tags.yes:i.tags.no:e.value==="YES"?i.tags.yes:e.value==="NO"?i.tags.no:e.valueLabel!==null&&e.valueLabel!==e.value?e.valueLabel:e.type==="ENUM"?I(e.value).toLowerCase():I(e.value)}function On({tag:e}){let t=()=>J({tag:e.key});return n("button",{type:"button",class:e.partial?"chip partial":"chip","data-state":e.partial?"partial":void 0,onClick:t,children:[e.label,": ",n("b",{children:An(e)}),e.partial&&n("span",{class:"soft",children:[" (",i.tags.partial,")"]})]})}function Rn({id:e,tags:t}){let r=t.customer?.tags??[],s=q().get("tag");return k(()=>{s!==null&&document.getElementById(`tag-${s}`)?.scrollIntoView({block:"nearest"})},[s,t.loading]),n(D,{name:"tags",title:i.tags.title,region:t,field:"tags",children:[r.length===0&&n(U,{children:i.tags.none}),qr.map(o=>{let a=r.filter(l=>l.category===o);return a.length===0?null:n("div",{class:"tag-group",children:[n("h3",{children:i.tags.category[o]}),n("ul",{children:a.map(l=>n("li",{id:`tag-${l.key}`,children:[n("button",{type:"button",class:l.partial?"tag partial":"tag","data-state":l.partial?"partial":void 0,"aria-expanded":s===l.key,onClick:()=>J({tag:s===l.key?"":l.key}),children:[n("span",{children:l.label}),n("b",{children:[An(l),l.partial&&n("span",{class:"soft",children:[" (",i.tags.partial,")"]})]})]}),s===l.key&&n(Yr,{id:e,name:l.key})]},l.key))})]},o)})]})}function Yr({id:e,name:t}){let[r,s]=h(null);if(k(()=>{let c=new AbortController;return R(dn,{id:e,key:t,language:M},c.signal).then(({data:m})=>s({why:m?.customer?.tag??null}),()=>{}),()=>c.abort()},[e,t]),r===null)return n(Ee,{});if(r.why===null)return n("p",{class:"none",children:i.tags.unknown});let{rule:o,evidence:a,whyNot:l,computedAt:u}=r.why;return n("div",{class:"why",children:[n("p",{children:o.words}),n("h4",{children:i.tags.seen}),n("dl",{children:a.map(c=>n("div",{children:[n("dt",{children:se(c.label)}),n("dd",{children:[c.missing!==null?Qe(c.missing):Xr(c.value),c.partial&&` (${i.tags.partial})`]})]},c.name))}),l.length>0&&n(w,{children:[n("h4",{children:i.tags.whyNot}),n("ul",{class:"why-not",children:l.map((c,m)=>n("li",{children:[c.value!==null&&n("b",{children:I(c.value)})," ",c.words]},m))})]}),n("p",{class:"soft small",children:i.tags.computed(W(u))})]})}function Xr(e){return e===null?i.tags.unknown:typeof e=="string"&&/^\d{4}-\d\d-\d\dT/.test(e)?W(e):typeof e=="boolean"?e?i.tags.yes:i.tags.no:z(e)}function In({identity:e,tags:t,chosen:r,now:s}){let{customer:o,failures:a}=e;if(o===null)return n("header",{class:"who-is loading","aria-busy":"true",children:[n("i",{class:"portrait"}),n("div",{class:"who-words",children:[n("i",{}),n("i",{})]})]});let l=o.name!==null,u=t.customer?.tags??[],c=Cn(u,r);return n("header",{class:"who-is","data-region":"header",children:[n("span",{class:"portrait","aria-hidden":"true",children:l?_n(o.name):"·"}),n("div",{class:"who-words",children:[n("h1",{children:l?o.name:re(X(a,"name"))?n(G,{}):i.customer.unnamed}),n("p",{class:"facts",children:Zr(o).map(m=>n("span",{children:m},m))}),n("p",{class:"facts soft",children:Jr(o,s).map(m=>n("span",{children:m},m))})]}),n("div",{class:"who-more",children:[n("ul",{class:"chips","aria-label":i.tags.title,children:[c.map(m=>n("li",{children:n(On,{tag:m})},m.key)),u.length>c.length&&n("li",{class:"chip-more",children:["+",u.length-c.length]})]}),n(to,{consents:o.consents,withheld:re(X(a,"consents"))})]}),o.phone!==null&&n("a",{class:"call primary",href:`tel:${o.phone}`,children:[n(K,{name:"phone"}),i.customer.call]})]})}function Zr({kind:e,company:t,jobTitle:r,account:s}){let o=t?.name??s?.name??null,a=r??t?.roleName??(t?.role?i.customer.role[t.role]:""),l=o!==null?i.customer.worksAt(a??"",o):a??"";return[e==="COMPANY"||l===""?i.customer.kind[e??"UNKNOWN"]:"",l].filter(u=>u!=="")}function Jr({createdAt:e,address:t,locale:r},s){let o=t?.country?bn(t.country,s):null;return[e!==null?i.customer.since(H(e)):"",t?.city??"",o!==null?i.customer.localTime(o):"",r!==null?i.customer.speaks(hn(r)):""].filter(a=>a!=="")}var eo={GRANTED:"yes",DENIED:"no",WITHDRAWN:"no",UNKNOWN:"unknown"};function to({consents:e,withheld:t}){return t?n(G,{}):e===null||e.length===0?null:n("ul",{class:"consents","aria-label":i.contacts.consents,children:e.slice(0,4).map(({channel:r,purpose:s,state:o})=>n("li",{class:`consent ${o.toLowerCase()}`,children:[n(K,{name:eo[o]??"unknown"}),[i.contacts.channel[r],s].filter(Boolean).join(" · "),": ",i.contacts.consent[o]]},`${r}${s}`))})}var no={right:["tickets","last-order","spend"],middle:["timeline"],left:["contacts","address","account","profile","records"],below:["subscriptions","tags"]};function Dn(e){let t=typeof e=="object"&&e!==null?e:{},r=s=>{let o=t[s];return Array.isArray(o)?o.filter(a=>typeof a=="string"):[]};return{regions:r("regions"),hide:new Set(r("hide")),fields:r("fields").filter(s=>/^[a-z][A-Za-z0-9]*$/.test(s)),tags:r("tags")}}function Ln(e,t){let r=no[e],s=t.regions.filter(o=>r.includes(o));return[...s,...r.filter(o=>!s.includes(o))].filter(o=>!t.hide.has(o))}function ze({found:e}){let{result:t,failures:r}=e;if(t===null){let u=r[0]?.code??"UNKNOWN";return n("p",{class:"note grey",role:"alert",children:u==="OFFLINE"?i.failure.offline:i.failure.other(u)})}if(t.tooShort)return n("p",{class:"note",children:i.search.tooShort});let{matches:s,unavailable:o,notTried:a}=t,l=o.length===0&&a.length===0;return n("div",{class:"silence",children:[s.length===0&&n("p",{class:"silence-nobody",role:"status",children:[n("strong",{children:l?i.search.nobody:i.search.nobodyYet})," ",l?i.search.nobodySo:i.search.notAsked]}),o.length>0&&n("p",{class:"note grey",children:i.search.unavailable(o.join(", "))}),a.length>0&&n("details",{class:"note",open:s.length===0,children:[n("summary",{children:[i.search.notTried,": ",[...new Set(a.map(u=>u.source))].join(", ")]}),n("ul",{children:a.map(u=>n("li",{children:[n("b",{children:u.source})," ",u.how]},u.source+u.how))})]})]})}function Pn({id:e,viewer:t,identity:r}){let s=r.failures.find(({path:a})=>a.length<=1)??null,o=s?.code??null;return k(()=>{o==="ERASED"&&ye(t,[e])},[o]),o==="AMBIGUOUS_IDENTITY"?n(Mn,{ids:s.candidates,missing:s.missingSources}):o==="ERASED"?n(yt,{state:"erased",title:i.lost.erased,words:i.lost.erasedSo}):o==="FORBIDDEN"?n(yt,{state:"forbidden",title:i.lost.forbidden,words:i.lost.forbiddenSo}):o==="WITHHELD_PURPOSE"?n(yt,{state:"hidden",title:i.lost.hidden,words:i.lost.hiddenSo}):o!==null&&o!=="INVALID_KEY"?n("main",{id:"content",class:"lost","data-state":"failed",children:[n("h1",{children:i.lost.failed}),n(mt,{source:s.source,code:o,region:r}),n(ht,{})]}):n(ro,{id:e,viewer:t})}function ht(){return n("p",{children:n("a",{href:"/",onClick:pe,children:i.lost.search})})}function yt({state:e,title:t,words:r}){return n("main",{id:"content",class:"lost","data-state":e,children:[n("h1",{children:t}),n("p",{children:r}),n(ht,{})]})}function ro({id:e,viewer:t}){let[r,s]=h(null);k(()=>{let l=new AbortController;return R(We,{text:e},l.signal).then(({data:u})=>{let c=u?.find.matches.filter(p=>p.exact)??[],m=c.length===1?c[0].customer.id:null;m!==null&&m!==e?Z(ae(m),!0):s(u?.find??{matches:[],unavailable:[],notTried:[],tooShort:!1}),u&&u.find.unavailable.length===0&&ye(t,[e])},()=>{}),()=>l.abort()},[e]);let o=r?.matches.filter(l=>l.exact)??[];if(o.length>1)return n(Mn,{ids:o.map(({customer:l})=>l.id),missing:r?.unavailable??[]});if(r===null)return n("main",{id:"content",class:"lost","aria-busy":"true",children:n(Ee,{})});let a=r.unavailable.length===0;return n("main",{id:"content",class:"lost","data-state":"not-found",children:[n("h1",{children:a?i.lost.title:i.lost.unsure}),n("p",{children:i.lost.tried}),n("div",{class:"finder-result",children:n(ze,{found:{text:e,result:r,failures:[],cards:new Map}})}),n(ht,{})]})}function Mn({ids:e,missing:t}){let[r,s]=h([]);return k(()=>{R(an,{ids:[...e]}).then(({data:o})=>s((o?.customers??[]).filter(a=>a!==null)))},[e.join()]),n("main",{id:"content",class:"lost","data-state":"ambiguous",children:[n("h1",{children:i.lost.ambiguous}),n("p",{children:i.lost.ambiguousSo}),t.length>0&&n("p",{class:"note grey",children:i.state.missing(t.join(", "))}),n("ul",{class:"cards",children:r.map(o=>n("li",{children:n("a",{href:ae(o.id),onClick:pe,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")}),n("span",{children:o.email})]})},o.id))})]})}var Un=3,oo=["CANCELLED","RETURNED"];function $n({commerce:e,now:t}){let r=e.customer?.orders??null,s=r?.nodes[0],o=Ue(e.sources,"ORDER");return n(D,{name:"last-order",title:i.orders.title,region:e,field:"orders",lines:r?.sources,aside:s&&n("span",{class:`status ${bt(s.status)}`,children:i.orders.status[s.status]}),children:[n(de,{sources:r?.unavailable??[],region:e}),!s&&o.length===0&&n(U,{children:i.state.noSource}),!s&&o.length>0&&r?.unavailable.length===0&&n(U,{children:i.orders.none(o.join(", "))}),s&&n(so,{order:s,now:t})]})}function bt(e){return e==="DELIVERED"?"good":oo.includes(e)?"bad":"open"}function so({order:e,now:t}){let r=e.items.length-Un,s=e.refunded!==null&&Number(e.refunded.amount)>0;return n("div",{class:"order",children:[n("p",{class:"order-line",children:[n("span",{title:W(e.placedAt),children:[$e(e.placedAt,t)," ",n("span",{class:"soft",children:ge(e.placedAt,t)})]}),e.total!==null&&n("strong",{class:"amount",children:B(e.total)})]}),n("ul",{class:"items","aria-label":i.orders.pieces,children:[e.items.slice(0,Un).map((o,a)=>n("li",{children:[n("span",{children:o.name??"–"}),String(o.quantity)!=="1"&&n("span",{class:"soft",children:["× ",o.quantity]})]},a)),r>0&&n("li",{class:"soft",children:i.customer.more(r)})]}),s&&n("p",{class:"soft",children:i.orders.refunded(B(e.refunded))}),e.number!==null&&n("p",{class:"soft small",children:i.orders.order(e.number)})]})}function Fn({commerce:e}){let t=e.customer?.orderStatistics??null,r=t?.partial??!1,s=t&&(r?i.state.atLeast(Ke(t.count)):Ke(t.count));return n(D,{name:"spend",title:i.spend.title,region:e,field:"orderStatistics",records:["ORDER"],children:t&&n(w,{children:[n("ul",{class:"sums",children:t.total.map(o=>n("li",{class:"amount",children:r?i.state.atLeast(B(o)):B(o)},o.currency))}),t.count===0&&!r?n(U,{children:i.spend.none}):n("p",{class:"facts soft",children:[n("span",{children:t.count===1&&!r?i.spend.oneOrder:i.spend.orders(s??"")}),t.firstAt!==null&&n("span",{children:i.spend.since(H(t.firstAt))}),t.refunded.filter(o=>Number(o.amount)>0).map(o=>n("span",{children:i.spend.refunded(B(o))},o.currency))]})]})})}function Wn({commerce:e}){let t=e.customer?.subscriptions??null;return!e.loading&&t?.nodes.length===0&&t.unavailable.length===0?null:n(D,{name:"subscriptions",title:i.subscriptions.title,region:e,field:"subscriptions",lines:t?.sources,children:[n(de,{sources:t?.unavailable??[],region:e}),n("ul",{class:"rows",children:t?.nodes.map(r=>n("li",{children:[n("span",{children:[r.plan??i.subscriptions.plan," ",n("span",{class:"soft",children:ao(r)??i.subscriptions.status[r.status]})]}),r.amount!==null&&n("span",{class:"soft",children:[B(r.amount)," ",i.subscriptions.every[r.interval]]})]},r.id))})]})}function ao({renewsAt:e,cancelledAt:t,endsAt:r}){return r!==null?i.subscriptions.ends(H(r)):t!==null?i.subscriptions.cancelled(H(t)):e!==null?i.subscriptions.renews(H(e)):null}function Bn(e,t){let[r,s]=h([]),o=t.join(" ");return k(()=>{if(o==="")return;let a=new L(`query OwnFields($id: ID!) { customer(by: {id: $id}) { id ${o} } }`),l=new AbortController;return R(a,{id:e},l.signal).then(({data:u})=>s(t.flatMap(c=>{let m=z(u?.customer?.[c]);return m===""?[]:[[se(I(c)),I(m)]]})),()=>{}),()=>l.abort()},[e,o]),r}function Vn({identity:e}){let{customer:t}=e,r=(t?.origins??[]).flatMap(({field:s,source:o,others:a})=>{let l=z(io(t,s)),u=a.filter(({value:c})=>z(c)!==l);return o!==null&&u.length>0&&l!==""?[{field:s,source:o,own:l,other:u}]:[]});return n(D,{name:"records",title:i.records.title,region:e,field:"records",children:[n("ul",{class:"rows",children:t?.records.map(({source:s,sourceId:o})=>n("li",{children:[n("span",{children:s}),n("code",{children:o})]},s+o))}),t?.identity.complete===!1&&n("p",{class:"soft small",children:i.records.incomplete}),r.length>0&&n(w,{children:[n("h3",{children:i.records.differ}),n("dl",{class:"origins",children:r.map(({field:s,source:o,own:a,other:l})=>n("div",{children:[n("dt",{children:se(I(s))}),n("dd",{children:i.records.says(o,a)}),l.map(u=>n("dd",{class:"soft",children:i.records.says(u.source,z(u.value))},u.source))]},s))})]})]})}function io(e,t){return e===null?null:e[t]}var Hn=["UNAVAILABLE","STALE","FRESH","NOT_CONFIGURED"];function zn({regions:e}){let t=lo(e),r=e.some(c=>c.loading),s=t.filter(({state:c})=>c==="UNAVAILABLE"),o=t.filter(({state:c,asOf:m})=>c==="STALE"&&m!==null),a=t.filter(({state:c,droppedRecords:m})=>c==="FRESH"&&m>0),l=[...s,...o],u=t.length-l.length;return n("div",{class:"strip",role:"group","aria-label":i.sources.title,children:[r&&t.length===0&&n("span",{class:"pill",children:i.sources.asking}),s.length>0&&n("span",{class:"pill unavailable",children:[n("i",{class:"dot","aria-hidden":"true"}),Kn(s),": ",i.sources.unavailable,n(Se,{region:Qn(s,e)})]}),o.length>0&&n("span",{class:"pill stale",children:[n("i",{class:"dot","aria-hidden":"true"}),Kn(o),": ",i.state.asOf(oe(o.map(({asOf:c})=>c??"").sort()[0])),n(Se,{region:Qn(o,e)})]}),a.map(c=>n("span",{class:"pill",children:[c.name,": ",i.sources.dropped(c.droppedRecords)]},c.name)),u>0&&n("span",{class:"pill fresh",title:t.map(({name:c})=>c).join(", "),children:[n("i",{class:"dot","aria-hidden":"true"}),l.length===0?i.sources.allWell(u):i.sources.others(u)]})]})}var Kn=e=>e.map(({name:t})=>t).join(", ");function lo(e){let t=new Map;for(let r of e.flatMap(s=>s.sources)){if(r.name===null||r.state==="NOT_CONFIGURED")continue;let s=t.get(r.name);(!s||Hn.indexOf(r.state)<Hn.indexOf(s.state))&&t.set(r.name,r)}return[...t.values()]}function Qn(e,t){let r=e.map(({name:o})=>o),s=t.filter(({sources:o})=>o.some(({name:a,state:l})=>r.includes(a)&&(l==="UNAVAILABLE"||l==="STALE")));return{...t[0],asking:s.some(({asking:o})=>o),ask:()=>s.forEach(({ask:o})=>o())}}var _t=2,Gn=["URGENT","HIGH","NORMAL","LOW","UNKNOWN"];function qn({service:e,now:t}){let[r,s]=h(!1),o=e.customer?.open??null,a=[...o?.nodes??[]].sort((y,g)=>Gn.indexOf(y.priority)-Gn.indexOf(g.priority)||g.createdAt.localeCompare(y.createdAt)),l=o===null||o.unavailable.length>0||o.partial?null:o.totalCount,u=l!==null?String(l):a.length>0?i.state.atLeast(String(a.length)):"",c=e.customer?.all?.totalCount??null,m=Me(e.failures,"subject"),p=Ue(e.sources,"TICKET");return n(D,{name:"tickets",title:i.tickets.title,region:e,field:"open",lines:o?.sources,aside:a.length>0&&n("span",{class:"count",children:u}),children:[n(de,{sources:o?.unavailable??[],region:e}),a.length===0&&p.length===0&&n(U,{children:i.state.noSource}),a.length===0&&p.length>0&&o?.unavailable.length===0&&n(U,{children:[i.tickets.none(p.join(", "))," ",c!==null&&c>0&&n("span",{class:"soft",children:i.tickets.ever(c)})]}),n("ul",{class:a.length===1?"tickets single":"tickets",children:(r?a:a.slice(0,_t)).map(y=>n("li",{children:n(uo,{ticket:y,now:t,hidden:m})},y.id))}),a.length===1&&c!==null&&c>1&&n("p",{class:"soft small",children:i.tickets.ever(c)}),a.length>_t&&n("button",{type:"button",class:"quiet","aria-expanded":r,onClick:()=>s(!r),children:r?i.customer.less:i.customer.more(a.length-_t)})]})}function uo({ticket:e,now:t,hidden:r}){let s=e.messages.at(-1),o=i.tickets.priority[e.priority];return n("article",{class:"ticket",children:[n("h3",{children:e.subject??(r?n(G,{}):i.tickets.noSubject)}),n("p",{class:"facts soft",children:[o&&n("span",{class:`priority ${e.priority.toLowerCase()}`,children:o}),n("span",{children:i.tickets.status[e.status]}),n("span",{title:W(e.createdAt),children:i.tickets.opened(ge(e.createdAt,t))})]}),s?.body&&n("p",{class:"last-message",children:[n("b",{children:[i.tickets.author[s.author],":"]})," ",s.body]})]})}function $(e){switch(e.__typename){case"Order":return e.placedAt;case"Ticket":case"Deal":return e.createdAt;case"Subscription":return e.startedAt;case"Event":case"Survey":return e.at}}var co={Order:"order",Ticket:"ticket",Event:"event",Deal:"deal",Subscription:"subscription",Survey:"survey"};function jn({entry:e,hidden:t}){let r=q().get("open")===e.id,s=mo(e),o=n(w,{children:[n(K,{name:co[e.__typename]}),n("span",{class:"entry-words",children:Xn(e,t)}),n("time",{dateTime:$(e),title:W($(e)),children:oe($(e))})]});return n("li",{class:`entry ${e.__typename.toLowerCase()}`,children:[s===null?n("div",{class:"entry-head",children:o}):n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>J({open:r?"":e.id}),children:o}),r&&n("div",{class:"entry-details",children:s})]})}function Yn({events:e}){let t=e[0].id,r=q().get("open")===t,s=new Map;for(let a of e)a.__typename==="Event"&&s.set(a.type,(s.get(a.type)??0)+1);let o=[...s].map(([a,l])=>l>1?`${I(a)} × ${l}`:I(a));return n("li",{class:"entry event",children:[n("button",{type:"button",class:"entry-head","aria-expanded":r,onClick:()=>J({open:r?"":t}),children:[n(K,{name:"event"}),n("span",{class:"entry-words",children:[i.timeline.events(e.length)," ",n("span",{class:"soft",children:o.join(", ")})]}),n("time",{dateTime:$(e[0]),children:oe($(e[0]))})]}),r&&n("ol",{class:"entry-details",children:e.map(a=>n("li",{class:"entry-event",children:[n("span",{children:Xn(a)}),n("time",{dateTime:$(a),children:oe($(a))})]},a.id))})]})}function Xn(e,t=!1){switch(e.__typename){case"Order":return n(w,{children:[n("b",{children:e.number===null?i.timeline.only.ORDER:i.orders.order(e.number)})," ",e.total!==null&&B(e.total)," ",n("span",{class:`status ${bt(e.orderStatus)}`,children:i.orders.status[e.orderStatus]})]});case"Ticket":return n(w,{children:[n("b",{children:e.subject??(t?n(G,{}):i.tickets.noSubject)})," ",n("span",{class:po(e)?"status bad":"status",children:i.tickets.status[e.ticketStatus]})]});case"Event":return n(w,{children:[se(I(e.type))," ",n("span",{class:"soft",children:e.page??e.feature})]});case"Deal":return n(w,{children:[n("b",{children:e.name??i.timeline.deal})," ",e.amount!==null&&B(e.amount)," ",n("span",{class:"soft",children:e.stageName??i.timeline.stage[e.stage]})]});case"Subscription":return n(w,{children:[n("b",{children:e.plan??i.subscriptions.plan})," ",e.amount!==null&&B(e.amount)," ",n("span",{class:"soft",children:i.subscriptions.status[e.subscriptionStatus]})]});case"Survey":return n(w,{children:[n("b",{children:i.timeline.survey[e.surveyKind]})," ",e.score!==null&&(e.scale===null?e.score:i.timeline.outOf(String(e.score),String(e.scale)))]})}}var po=({ticketStatus:e})=>!["SOLVED","CLOSED","UNKNOWN"].includes(e);function mo(e){switch(e.__typename){case"Order":return e.items.length===0?null:n("ul",{class:"rows",children:e.items.map((t,r)=>n("li",{children:[n("span",{children:[t.name??"–"," ",String(t.quantity)!=="1"&&n("span",{class:"soft",children:["× ",t.quantity]})]}),t.unitPrice!==null&&n("span",{class:"amount",children:B(t.unitPrice)})]},r))});case"Ticket":return e.messages.length===0?null:n("ol",{class:"messages",children:e.messages.map((t,r)=>n("li",{class:`message ${t.author.toLowerCase()}`,children:[n("p",{class:"soft small",children:[i.tickets.author[t.author]," ",t.at!==null&&n("time",{dateTime:t.at,children:W(t.at)})]}),n("p",{children:t.body})]},r))});case"Survey":return e.comment===null?null:n("p",{children:e.comment});default:return null}}var er=Object.keys(i.timeline.only);function xt(){let e=(q().get("only")??"").split(",").filter(t=>er.includes(t));return e.length>0?e:null}function tr({id:e,behaviour:t,now:r}){let s=xt(),o=t.customer?.timeline??null,[a,l]=h(null),[u,c]=h(!1);k(()=>l(null),[o]);let m=[...o?.nodes??[],...a?.nodes??[]],p=a!==null?a.next:Jn(o),y=Me(t.failures,"subject"),g=async()=>{c(!0);let{data:d}=await R(fe,{id:e,records:s,after:p});c(!1);let f=d?.customer?.timeline??null;f!==null&&l({nodes:[...a?.nodes??[],...f.nodes],next:Jn(f)})};return n(D,{name:"timeline",title:i.timeline.title,region:t,field:"timeline",lines:o?.sources,top:n(go,{kinds:s}),children:[n(de,{sources:o?.unavailable??[],region:t}),m.length===0&&o?.unavailable.length===0&&n(U,{children:i.timeline.none}),yo(m).map(([d,f])=>n("section",{class:"day","aria-label":dt($(f[0])),children:[n("h3",{title:dt($(f[0])),children:bo(f[0],r)}),n("ol",{children:ho(f).map(b=>b.length>1?n(Yn,{events:b},b[0].id):n(jn,{entry:b[0],hidden:y},b[0].id))})]},d)),p!==null&&n("button",{type:"button",class:"more",disabled:u,onClick:g,children:u?i.state.asking:i.timeline.more}),p===null&&m.length>0&&n("p",{class:"end soft small",children:i.timeline.end})]})}function go({kinds:e}){return n("div",{class:"filters",role:"group","aria-label":i.timeline.title,children:[n(Zn,{on:e===null,name:i.timeline.all,onClick:()=>J({only:""})}),er.map(t=>n(Zn,{on:e?.includes(t)??!1,name:i.timeline.only[t],onClick:()=>J({only:fo(e??[],t).join(",")})},t))]})}function Zn({on:e,name:t,onClick:r}){return n("button",{type:"button",class:"filter","aria-pressed":e,onClick:r,children:t})}function fo(e,t){return e.includes(t)?e.filter(r=>r!==t):[...e,t]}function Jn(e){return e?.pageInfo.hasNextPage?e.pageInfo.endCursor:null}function yo(e){let t=new Map;for(let r of e){let s=new Date($(r)).toDateString();t.set(s,[...t.get(s)??[],r])}return[...t]}function ho(e){let t=[];for(let r of e){let s=t.at(-1);r.__typename==="Event"&&s?.[0]?.__typename==="Event"?s.push(r):t.push([r])}return t}function bo(e,t){let r=new Date($(e)),s=new Date(t.getTime()-864e5);return r.toDateString()===t.toDateString()?i.timeline.today:r.toDateString()===s.toDateString()?i.timeline.yesterday:$e($(e),t)}function nr(e){let[t,r]=h(()=>matchMedia(e).matches);return k(()=>{let s=matchMedia(e),o=()=>r(s.matches);return s.addEventListener("change",o),()=>s.removeEventListener("change",o)},[e]),t}var Ne=["timeline","contact","tags"];function rr({id:e,viewer:t,looking:r}){let s=xe(()=>Dn(r.layout),[r]),o=ce(Be,{id:e}),a=ce(cn,{id:e}),l=ce(Ve,{id:e}),u=ce(Fe,{id:e}),c=ce(fe,{id:e,records:xt(),after:null}),m=ce(He,{id:e,language:M}),p=Bn(e,s.fields),y=nr("(max-width: 760px)"),[g,d]=h("timeline"),f=xe(()=>new Date(r.pinnedClock??Date.now()),[r,o.customer]),b=o.customer?.id??null;if(k(()=>{b!==null&&mn(t,b)},[b,t]),!o.loading&&o.customer===null)return n(Pn,{id:e,viewer:t,identity:o});let v={tickets:n(qn,{service:l,now:f}),"last-order":n($n,{commerce:u,now:f}),spend:n(Fn,{commerce:u}),timeline:n(tr,{id:e,behaviour:c,now:f}),contacts:n(vn,{identity:o}),address:n(wn,{identity:o}),account:n(kn,{identity:o}),profile:n(En,{identity:o,completeness:a,own:p}),records:n(Vn,{identity:o}),subscriptions:n(Wn,{commerce:u}),tags:n(Rn,{id:e,tags:m})},_=(x,N)=>n("div",{class:`column ${x}`,...y&&N?{id:`panel-${N}`,role:"tabpanel","aria-labelledby":`tab-${N}`,hidden:g!==N}:{},children:Ln(x,s).map(T=>n(_o,{children:v[T]},T))});return n("main",{id:"content",class:"customer",children:[r.pinnedClock!==null&&n("p",{class:"banner",children:i.customer.pinned(W(r.pinnedClock))}),n(In,{identity:o,tags:m,chosen:s.tags,now:f}),n(zn,{regions:[o,l,u,c,m]}),n("div",{class:"columns",children:[_("right"),y&&n(xo,{tab:g,onTab:d}),_("middle","timeline"),_("left","contact"),_("below","tags")]}),n("footer",{class:"foot",children:[n("p",{children:i.customer.zone(sn)}),n(Sn,{id:e})]})]})}var _o=({children:e})=>n(w,{children:e});function xo({tab:e,onTab:t}){let r={timeline:i.timeline.title,contact:i.contacts.title,tags:i.tags.title};return n("div",{class:"tabs",role:"tablist",onKeyDown:o=>{let a=o.key==="ArrowRight"?1:o.key==="ArrowLeft"?-1:0;if(a===0)return;let l=Ne[(Ne.indexOf(e)+a+Ne.length)%Ne.length];t(l),document.getElementById(`tab-${l}`)?.focus()},children:Ne.map(o=>n("button",{id:`tab-${o}`,type:"button",role:"tab","aria-selected":e===o,"aria-controls":`panel-${o}`,tabIndex:e===o?0:-1,onClick:()=>t(o),children:r[o]},o))})}var or=/[\p{L}\p{N}]+/gu;function sr(e){return e.normalize("NFKD").replace(/\p{M}/gu,"").toLowerCase()}function vt(e,t){let r=sr(t).match(or)??[],s=[],o=0;for(let a of e.matchAll(or)){let l=vo(a[0],r);l!==0&&(a.index>o&&s.push({text:e.slice(o,a.index),marked:!1}),o=a.index+l,s.push({text:e.slice(a.index,o),marked:!0}))}return o<e.length&&s.push({text:e.slice(o),marked:!1}),s}function ar(e,t){let r=t.replace(/\D/g,"").replace(/^0+/,""),s=e.replace(/\D/g,"");if(r.length<4||!s.endsWith(r))return[{text:e,marked:!1}];let o=e.length-r.length;return[{text:e.slice(0,o),marked:!1},{text:e.slice(o),marked:!0}].filter(a=>a.text!=="")}function vo(e,t){let r=sr(e),s=0;for(let o of t)r.startsWith(o)?s=Math.max(s,r.length===e.length?o.length:e.length):(o.length>3&&wo(r,o)<=(o.length>7?2:1)||/\p{Script=Han}/u.test(o)&&o.includes(r))&&(s=e.length);return s}function wo(e,t){let r=[],s=Array.from({length:t.length+1},(o,a)=>a);for(let o=1;o<=e.length;o+=1){let a=[o];for(let l=1;l<=t.length;l+=1){let u=e[o-1]===t[l-1],c=Math.min(s[l]+1,a[l-1]+1,s[l-1]+(u?0:1));o>1&&l>1&&e[o-1]===t[l-2]&&e[o-2]===t[l-1]&&(c=Math.min(c,r[l-2]+1)),a.push(c)}[r,s]=[s,a]}return s[t.length]}var ko=new Set(["NAME","EMAIL","COMPANY"]);function lr({match:e,typed:t,card:r}){let{customer:s,matchedBy:o,exact:a}=e,l=o==="PHONE"?s.phone:o==="MEMBER_NUMBER"?s.memberNumber:s.email,u=[s.company?.name,s.address?.city??s.address?.country].filter(Boolean),c=o==="PHONE"?ar:vt;return n("div",{class:"candidate",children:[n("div",{class:"candidate-who",children:[n("strong",{children:n(ir,{parts:ko.has(o)?vt(s.name??s.id,t):So(s.name??s.id)})}),n("span",{class:"candidate-where",children:u.join(" · ")})]}),n("div",{class:"candidate-what",children:[n("span",{class:"candidate-contact",children:l&&n(ir,{parts:c(l,t)})}),n("span",{class:"candidate-lately",children:r&&n(Eo,{card:r})})]}),n("span",{class:a?"match exact":"match",children:[i.search.by[o]," · ",a?i.search.exact:i.search.similar]})]})}function Eo({card:e}){let t=e.tickets?.unavailable.length===0?e.tickets.totalCount:null,r=e.orders?.nodes[0];return n(w,{children:[t!=null&&t>0&&n("em",{class:"alert",children:i.search.openTickets(t)}),t===0&&n("span",{children:i.search.noOpenTickets}),r&&n("span",{children:i.search.lastOrder(ge(r.placedAt,new Date))})]})}var So=e=>[{text:e,marked:!1}];function ir({parts:e}){return n(w,{children:e.map((t,r)=>t.marked?n("mark",{children:t.text},r):t.text)})}var No=160;function ur(e){let[t,r]=h(null),[s,o]=h(!1),[a,l]=h(0),u=Q(!1),c=e.trim();return k(()=>{if(c===""){r(null),o(!1);return}o(!0);let p=new AbortController,y=setTimeout(async()=>{try{let g=await R(We,{text:c},p.signal);if(p.signal.aborted)return;let d=g.data?.find??null;r({text:c,result:d,failures:g.failures,cards:new Map}),o(!1);let f=d?.matches.map(_=>_.customer.id)??[];if(f.length===0)return;let b=await R(ln,{ids:f},p.signal);if(p.signal.aborted)return;let v=new Map((b.data?.customers??[]).flatMap(_=>_?[[_.id,_]]:[]));r({text:c,result:d,failures:g.failures,cards:v})}catch(g){if(!p.signal.aborted)throw g}},u.current?0:No);return u.current=!1,()=>{clearTimeout(y),p.abort()}},[c,a]),{found:t,busy:s,findNow:()=>{u.current=!0,l(p=>p+1)}}}function Ge({form:e,initial:t="",opensExact:r=!1,onTyped:s}){let[o,a]=h(t),[l,u]=h(0),[c,m]=h(e==="page"),p=Q(null),y=Jt(),{found:g,busy:d,findNow:f}=ur(o),b=g?.result?.matches??[],v=Q(r),_=Q(!1);k(()=>u(0),[g?.text]),k(()=>{e==="page"&&p.current?.focus()},[e]),k(()=>{if(v.current&&g?.result){v.current=!1;let S=g.result.matches.filter(C=>C.exact);S.length===1&&Z(ae(S[0].customer.id),!0)}_.current&&g?.text===o.trim()&&(_.current=!1,g.result?.matches.length===1&&N(0))},[g]),k(()=>{if(e!=="bar")return;let S=C=>{let V=C.target;C.key==="/"&&!/^(INPUT|TEXTAREA|SELECT)$/.test(V.tagName)&&(C.preventDefault(),p.current?.focus())};return addEventListener("keydown",S),()=>removeEventListener("keydown",S)},[e]);let x=S=>{a(S),m(!0),s?.(S)},N=S=>{let C=b[S];C&&(e==="bar"&&(x(""),m(!1),p.current?.blur()),Z(ae(C.customer.id)))},T=S=>{if(!S.isComposing)if(S.key==="ArrowDown"||S.key==="ArrowUp"){S.preventDefault();let C=S.key==="ArrowDown"?1:-1;b.length>0&&u((l+C+b.length)%b.length)}else S.key==="Enter"?(S.preventDefault(),g?.text===o.trim()&&!d?N(l):(_.current=!0,f())):S.key==="Escape"&&(x(""),m(e==="page"))},j=c&&o.trim()!=="";return n("div",{class:`finder finder-${e}`,role:"search",children:[n("div",{class:"finder-box",children:[n(To,{}),n("input",{ref:p,type:"text",inputMode:"search",enterKeyHint:"search",role:"combobox","aria-label":i.search.label,"aria-expanded":j&&b.length>0,"aria-controls":y,"aria-autocomplete":"list","aria-activedescendant":j&&b.length>0?`${y}-${l}`:void 0,autocomplete:"off",autocapitalize:"off",spellcheck:!1,placeholder:i.search.placeholder,value:o,onInput:S=>x(S.currentTarget.value),onKeyDown:T,onFocus:()=>m(!0),onBlur:()=>e==="bar"&&m(!1)}),n("span",{class:d?"spinner":"spinner idle","aria-hidden":"true"}),e==="bar"&&n("kbd",{"aria-hidden":"true",children:"/"})]}),n("p",{class:"unseen",role:"status",children:d?i.search.busy:j&&b.length>0?i.search.found(b.length):""}),n("div",{class:"finder-result",hidden:!j,children:[n("ul",{id:y,role:"listbox","aria-label":i.search.label,hidden:b.length===0,children:b.map((S,C)=>n("li",{id:`${y}-${C}`,role:"option","aria-selected":C===l,onMouseDown:V=>V.preventDefault(),onMouseMove:()=>u(C),onClick:()=>N(C),children:n(lr,{match:S,typed:g?.text??"",card:g?.cards.get(S.customer.id)})},S.customer.id))}),j&&g&&n(ze,{found:g})]})]})}function To(){return n("svg",{class:"icon",viewBox:"0 0 20 20","aria-hidden":"true",children:[n("circle",{cx:"9",cy:"9",r:"5.5"}),n("path",{d:"m13.2 13.2 4 4"})]})}var Co=["phone","email","order","ticket","text"];function cr(){let e=q(),t=Co.find(s=>e.get(s));if(!t)return null;let r=t==="phone"?e.get(t).replace(/^ (?=\d)/,"+"):e.get(t);return Z("/",!0),r}function dr({viewer:e}){let[t,r]=h(cr),[s,o]=h(t??"");return k(()=>{let a=()=>{let l=cr();l!==null&&(r(l),o(l))};return addEventListener("hashchange",a),()=>removeEventListener("hashchange",a)},[]),n("main",{id:"content",class:"search-page",children:[n("h1",{children:i.search.label}),n(Ge,{form:"page",initial:t??"",opensExact:t!==null,onTyped:o},t),s.trim()===""&&n(w,{children:[n("p",{class:"hint",children:[i.search.hint," ",n("kbd",{children:"↑"})," ",n("kbd",{children:"↓"})," ",i.search.keys]}),n(Ao,{viewer:e})]})]})}function Ao({viewer:e}){let[t,r]=h([]);if(k(()=>{let o=ke(e);o.length!==0&&R(un,{ids:o}).then(({data:a,failures:l})=>{let u=a?.customers;if(!u)return;let c=o.filter((m,p)=>u[p]===null&&Oo(l,p));ye(e,c),r(u.filter(m=>m!==null))})},[e]),t.length===0)return null;let s=()=>{ye(e,ke(e)),r([])};return n("section",{class:"recent","aria-labelledby":"recent",children:[n("header",{children:[n("h2",{id:"recent",children:i.search.recent}),n("button",{type:"button",class:"quiet",onClick:s,children:i.search.forget})]}),n("ul",{children:t.map(o=>n("li",{children:n("a",{href:ae(o.id),onClick:pe,children:[n("strong",{children:o.name??o.id}),n("span",{children:[o.company?.name,o.address?.city??o.address?.country].filter(Boolean).join(" · ")})]})},o.id))})]})}function Oo(e,t){return e.filter(({path:s})=>s[1]===t).every(({code:s})=>s==="ERASED")}var Ro={en:"English",zh:"中文"};function pr({place:e,looking:t,onPurpose:r,onSignedOut:s}){let o=async()=>{await fetch("/session",{method:"DELETE",headers:{"x-csrf":"1"},credentials:"same-origin",cache:"no-store"}),s()};return n("header",{class:"bar",children:[n("a",{class:"brand",href:"/",onClick:pe,"aria-label":i.product,children:[n(Do,{}),n("span",{children:i.product})]}),t.state==="ready"&&e.page!=="search"?n(Ge,{form:"bar"}):null,n("span",{class:"grow"}),t.state==="ready"&&n("div",{class:"who",children:[n("span",{class:"who-name",title:t.viewer.caller??"",children:Io(t)}),t.viewer.purposes.length>0&&n("select",{class:"quiet","aria-label":i.viewer.purpose,value:t.purpose??"",onChange:a=>r(a.currentTarget.value||null),children:[!t.viewer.needsPurpose&&n("option",{value:"",children:i.viewer.noPurpose}),t.viewer.purposes.map(({key:a})=>n("option",{value:a,children:a},a))]}),t.viewer.user?.startsWith("key:")&&n("button",{type:"button",class:"quiet",onClick:o,children:i.viewer.signOut})]}),n("select",{class:"quiet language","aria-label":i.viewer.language,value:M,onChange:a=>Vt(a.currentTarget.value),children:tt.map(a=>n("option",{value:a,lang:a,children:Ro[a]},a))})]})}function Io({viewer:e}){return(e.user?.startsWith("key:")?e.caller:e.user)??e.caller??i.viewer.anonymous}function Do(){return n("svg",{class:"brand-mark",viewBox:"0 0 24 24","aria-hidden":"true",children:[n("circle",{cx:"12",cy:"12",r:"11"}),n("circle",{cx:"12",cy:"9.5",r:"3.2"}),n("path",{d:"M5.8 18.2c1.2-2.8 3.5-4.2 6.2-4.2s5 1.4 6.2 4.2"})]})}function mr({onDone:e}){let[t,r]=h("");return n("main",{id:"content",class:"door",children:n("form",{onSubmit:async o=>{o.preventDefault();let a=o.currentTarget.elements.namedItem("key"),l={authorization:`Bearer ${a.value.trim()}`,"x-csrf":"1"};a.value="",r("");try{let u=await fetch("/session",{method:"POST",headers:l,credentials:"same-origin",cache:"no-store"});u.ok?e():r(u.status===401?i.viewer.refused:i.viewer.noSession)}catch{r(i.failure.offline)}},children:[n("h1",{children:i.viewer.signIn}),n("p",{children:i.viewer.signInWhy}),n("label",{children:[i.viewer.key,n("input",{name:"key",type:"password",autocomplete:"off",required:!0,maxLength:4096,"aria-describedby":"problem"})]}),n("p",{id:"problem",class:"alert",role:"alert",children:t}),n("button",{type:"submit",class:"primary",children:i.viewer.signIn})]})})}function gr({viewer:e,onChosen:t}){return n("main",{id:"content",class:"door",children:n("div",{children:[n("h1",{children:i.viewer.choosePurpose}),n("p",{children:i.viewer.purposeWhy}),n("ul",{children:e.purposes.map(({key:r,basis:s})=>n("li",{children:n("button",{type:"button",class:"choice",onClick:()=>t(r),children:[n("strong",{children:r}),n("span",{children:i.viewer.basis[s]})]})},r))})]})})}var kt=e=>`${e.caller??""}|${e.user??""}`,wt=e=>`gateway.purpose:${kt(e)}`;function fr(){let[e,t]=h({state:"loading"}),r=ve(async()=>{let{data:o,failures:a}=await R(pn,{});if(o===null){let p=a[0]?.code??"UNKNOWN";t(p==="UNAUTHENTICATED"?{state:"signed-out"}:{state:"failed",code:p});return}let{viewer:l}=o,u=l.purposes.map(({key:p})=>p),c=sessionStorage.getItem(wt(l)),m=c!==null&&u.includes(c)?c:u.length===1&&l.needsPurpose?u[0]:null;ut(m),t(l.needsPurpose&&m===null?{state:"choosing",viewer:l}:{state:"ready",viewer:l,purpose:m})},[]);k(()=>(r(),nn(()=>t({state:"signed-out"}))),[r]);let s=ve(o=>{t(a=>{if(a.state!=="choosing"&&a.state!=="ready")return a;let{viewer:l}=a;return o===null?sessionStorage.removeItem(wt(l)):sessionStorage.setItem(wt(l),o),ut(o),{state:"ready",viewer:l,purpose:o}})},[]);return{looking:e,choose:s,again:r}}function yr(){let e=Tn(),{looking:t,choose:r,again:s}=fr();return n(w,{children:[n("a",{class:"skip",href:"#content",onClick:Po,children:i.skip}),n(pr,{place:e,looking:t,onPurpose:r,onSignedOut:s}),n(Lo,{place:e,looking:t,onPurpose:r,onSignedIn:s})]})}function Lo({place:e,looking:t,onPurpose:r,onSignedIn:s}){switch(t.state){case"loading":return n("main",{id:"content","aria-busy":"true"});case"failed":return n("main",{id:"content",class:"door",children:n("div",{role:"alert",children:[n("p",{children:t.code==="OFFLINE"?i.failure.offline:i.failure.other(t.code)}),n("button",{type:"button",class:"primary",onClick:s,children:i.failure.askAgain})]})});case"signed-out":return n(mr,{onDone:s});case"choosing":return n(gr,{viewer:t.viewer,onChosen:r});case"ready":{let o=kt(t.viewer);return e.page==="search"?n(dr,{viewer:o},`${o}${t.purpose}`):e.page==="customer"?n(rr,{id:e.id,viewer:o,looking:t.viewer},`${e.id}
${t.purpose}`):n("main",{id:"content"})}}}function Po(e){e.preventDefault();let t=document.getElementById("content");t?.setAttribute("tabindex","-1"),t?.focus()}document.documentElement.lang=M;Ut(n(yr,{}),document.getElementById("app"));
